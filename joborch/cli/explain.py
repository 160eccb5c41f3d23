"""``joborch explain``: why jobs wait, until when, and what would help."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from joborch.cli.forecasts import told
from joborch.cli.selection import select
from joborch.cli.session import Session
from joborch.cli.tables import Column
from joborch.cli.times import age
from joborch.client import Orchestrator
from joborch.client.standing import told as in_words
from joborch.client.standing import with_place
from joborch.domain.selectors import spelt
from joborch.domain.text import one_line
from joborch.wire.jobs import Explanation, JobView

EXAMPLES = """
joborch explain 42
joborch explain last --json
joborch explain b-31 --format tsv
"""
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")

OUT_OF_LINE = {None, "held", "dependency", "not_before"}
"""Reasons of jobs that stand in no line, None that of those that do not wait."""

Explained = tuple[JobView, Explanation]


def explain(
    context: typer.Context,
    selectors: Annotated[list[str] | None, typer.Argument(metavar="[SELECTOR]...")] = None,
) -> None:
    """Say why jobs wait and for which others, about when they start, and what would help."""
    session = Session.of(context)

    async def work(orchestrator: Orchestrator) -> list[Explained]:
        jobs = await select(selectors or ["last"], session=session, orchestrator=orchestrator)
        explanations = await orchestrator.explain_all([job.id for job in jobs])
        return list(zip(jobs, explanations, strict=True))

    found = session.run(work)
    output, explanations = session.output, [explanation for _, explanation in found]
    if output.is_json or session.options.chosen_format or session.options.quiet:
        output.table(
            COLUMNS, explanations, document=_document(explanations), ids=lambda one: one.job_id
        )
        return
    for job, explanation in found:
        for text in _told(session, job, explanation):
            output.line(one_line(text))


def facts(explanation: Explanation) -> list[str]:
    """Say in numbers what stands around a job that waits."""
    e = explanation
    limit = "no limit" if e.service_limit is None else f"of {e.service_limit}"
    held_by = f", held by {spelt(sorted(e.held_by))}" if e.held_by else ""
    lines = [
        f"user: {e.user_active} of {e.user_limit} slots{held_by}",
        f"service: {e.service_active} active, {limit}",
        f"agents: {e.agents} up, {e.free_slots} slot{'s' * (e.free_slots != 1)} free",
    ]
    if e.holders and e.holders != e.held_by:
        lines.append(f"waits for: one of {spelt(sorted(e.holders))} to end")
    if e.position is not None:
        ahead = f"{e.ahead or 0} job{'s' * (e.ahead != 1)} ahead in all"
        lines.append(f"place: {ordinal(e.position)} in the user's line, {ahead}")
    return lines


def in_brief(explanation: Explanation) -> str:
    """Say in a table's cell why a job waits: ``quota 5/5 · #3``."""
    e = explanation
    if e.reason == "dependency" and e.after:
        more = e.after_count - 1
        return f"after {e.after[0].id}{f' and {more} more' if more else ''}"
    if e.reason in OUT_OF_LINE:
        return e.message
    return with_place(_in_line(e), e.position)


def _in_line(e: Explanation) -> str:
    """Say it as lists do."""
    if e.reason == "service_paused":
        return "service paused"
    if e.reason == "quota_user" and e.user_active >= e.user_limit:
        return f"quota {e.user_active}/{e.user_limit}"
    if e.reason == "quota_service" and e.service_active >= (e.service_limit or 0):
        return f"service {e.service_active}/{e.service_limit}"
    return "no agent up" if e.reason == "no_agent" and not e.agents else in_words(e.reason)


def outlook(session: Session, explanation: Explanation) -> Iterator[str]:
    """Say when a job that waits will start, and what would let it start sooner."""
    if explanation.estimate is not None:
        in_utc = session.times.in_utc
        yield f"start: {told(explanation.estimate, session.now, in_utc=in_utc)}"
    elif explanation.estimate_reason:
        yield f"start: no estimate: {explanation.estimate_reason}"
    for index, text in enumerate(remedies(session, explanation)):
        yield f"{'        ' if index else 'sooner: '}{text}"


def remedies(session: Session, explanation: Explanation) -> list[str]:
    """Return what would let it start sooner, with commands that know the server's address."""
    server = f"--server {session.settings.server}"
    return [remedy.replace("--server URL", server) for remedy in explanation.remedies]


def ordinal(number: int) -> str:
    """Write ``third``, ``41st``."""
    if number <= len(ORDINALS):
        return ORDINALS[number - 1]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in {11, 12, 13} else ending}"


def _told(session: Session, job: JobView, explanation: Explanation) -> Iterator[str]:
    waits = f"waiting {age(job.submitted_at, session.now)}: " if explanation.reason else ""
    yield f"{explanation.job_id}  {waits}{explanation.message}"
    if explanation.reason:
        for text in [*facts(explanation), *outlook(session, explanation)]:
            yield f"      {text}"


def _document(explanations: Sequence[Explanation]) -> object:
    if len(explanations) == 1:
        return explanations[0]
    return {"schema": "joborch.explanations/1", "items": explanations}


def _seconds(name: str) -> Column[Explanation]:
    def raw(explanation: Explanation) -> float | None:
        value: float | None = getattr(explanation.estimate, name, None)
        return value

    return Column(
        name=name,
        head=name.upper(),
        text=lambda explanation: "" if (s := raw(explanation)) is None else f"{s:.0f}",
        raw=raw,
        is_right=True,
    )


COLUMNS: list[Column[Explanation]] = [
    Column(
        name="id", head="ID", text=lambda e: str(e.job_id), raw=lambda e: e.job_id, is_right=True
    ),
    Column(name="state", head="STATE", text=lambda e: e.state, raw=lambda e: e.state),
    Column(name="reason", head="REASON", text=lambda e: e.reason or "", raw=lambda e: e.reason),
    Column(
        name="position",
        head="PLACE",
        text=lambda e: "" if e.position is None else str(e.position),
        raw=lambda e: e.position,
        is_right=True,
    ),
    *map(_seconds, ("expected_s", "low_s", "high_s")),
    Column(name="message", head="MESSAGE", text=lambda e: e.message, raw=lambda e: e.message),
]
