"""``joborch cancel``: end jobs, after saying which."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

from joborch.cli.exits import PARTIAL, REFUSED
from joborch.cli.selection import select
from joborch.cli.session import Session, duration
from joborch.client import Orchestrator
from joborch.domain.errors import WrongStateError
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.wire.jobs import JobView

EXAMPLES = """
joborch cancel 42
joborch cancel b-31 --reason 'wrong input' --yes
joborch cancel @queued --dry-run
"""
MOST_IN_QUESTION = 10


def cancel(
    context: typer.Context,
    *,
    selectors: Annotated[list[str], typer.Argument(metavar="SELECTOR...")],
    reason: Annotated[str | None, typer.Option("--reason", help="Kept with the job.")] = None,
    grace: Annotated[
        str | None, typer.Option("--grace", metavar="DUR", help="Between SIGTERM and SIGKILL.")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="SIGKILL at once.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
) -> None:
    """End jobs. One that runs gets SIGTERM, and SIGKILL after a while; its results are kept."""
    session = Session.of(context)
    patience = timedelta(0) if now else duration(grace, "--grace")
    jobs = session.run(lambda server: select(selectors, session=session, orchestrator=server))
    if dry_run:
        for job in jobs:
            session.output.line(f"{job.id} {one_line(job.state)}")
        return
    if len(jobs) > 1:
        session.confirm(_question(jobs), is_yes=yes)

    async def work(orchestrator: Orchestrator) -> list[JobView | WrongStateError]:
        return [await _cancel(orchestrator, job, reason, patience) for job in jobs]

    raise typer.Exit(_tell(session, jobs, session.run(work)))


async def _cancel(
    orchestrator: Orchestrator, job: JobView, reason: str | None, grace: timedelta | None
) -> JobView | WrongStateError:
    try:
        return await orchestrator.cancel(job.id, reason=reason, grace=grace)
    except WrongStateError as error:
        return error


def _question(jobs: Sequence[JobView]) -> str:
    ids = ", ".join(str(job.id) for job in jobs[:MOST_IN_QUESTION])
    more = ", …" if len(jobs) > MOST_IN_QUESTION else ""
    running = sum(job.state == JobState.RUNNING for job in jobs)
    return f"Cancel {len(jobs)} jobs ({running} running): {ids}{more}?"


def _tell(
    session: Session, jobs: Sequence[JobView], answers: Sequence[JobView | WrongStateError]
) -> int:
    done = [not isinstance(answer, WrongStateError) for answer in answers]
    lines = [_line(job, answer) for job, answer in zip(jobs, answers, strict=True)]
    if session.output.is_json:
        items = [
            {"id": job.id, "ok": ok, "message": line}
            for job, ok, line in zip(jobs, done, lines, strict=True)
        ]
        session.output.document({"schema": "joborch.cancel/1", "items": items})
    else:
        for job, line in zip(jobs, lines, strict=True):
            session.output.line(f"{job.id} {one_line(line)}")
    if all(done):
        return 0
    return PARTIAL if any(done) else REFUSED


def _line(job: JobView, answer: JobView | WrongStateError) -> str:
    if isinstance(answer, WrongStateError):
        return f"skipped: already {getattr(answer, 'state', job.state)}"
    return "cancelled" if answer.state == JobState.CANCELLED else "is being cancelled"
