"""``joborch explain``: why a job waits."""

from typing import Annotated

import typer

from joborch.cli.selection import select_one
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.selectors import spelt
from joborch.domain.text import one_line
from joborch.wire.jobs import Explanation

EXAMPLES = """
joborch explain 42
joborch explain last --json
"""


def explain(
    context: typer.Context,
    selector: Annotated[str, typer.Argument(metavar="[SELECTOR]")] = "last",
) -> None:
    """Say why a job waits, and for what."""
    session = Session.of(context)

    async def work(orchestrator: Orchestrator) -> Explanation:
        job = await select_one(selector, session=session, orchestrator=orchestrator)
        return await orchestrator.explain(job.id)

    explanation = session.run(work)
    if session.output.is_json:
        session.output.document(explanation)
        return
    session.output.line(one_line(f"{explanation.job_id}  {explanation.message}"))
    if explanation.reason:
        for text in facts(explanation):
            session.output.line(f"      {one_line(text)}")


def facts(explanation: Explanation) -> list[str]:
    """Say in numbers what stands around a job that waits."""
    e = explanation
    limit = "no limit" if e.service_limit is None else f"of {e.service_limit}"
    held_by = f", held by {spelt(sorted(e.held_by))}" if e.held_by else ""
    lines = [
        f"user: {e.user_active} of {e.user_limit} slots{held_by}",
        f"service: {e.service_active} active, {limit}",
        f"agents: {e.agents} up, {e.free_slots} slots free",
    ]
    if e.position is not None:
        lines.append(f"place: {e.position} in the user's line, {e.ahead or 0} jobs ahead in all")
    return lines
