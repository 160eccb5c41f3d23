"""How ``joborch status`` shows jobs: one in detail, several in a table, batches folded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from joborch.cli.folding import folded, folded_columns
from joborch.cli.job_detail import show_detail
from joborch.cli.job_table import columns
from joborch.cli.session import Session
from joborch.cli.standing import explained, in_short
from joborch.client import JobQuery, Orchestrator
from joborch.client.plain import described
from joborch.domain.states import JobState
from joborch.wire.jobs import JobPage, JobView


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What is wanted to be seen."""

    is_one: bool
    """One job was named."""
    folds: bool
    """Whether a batch may be one line."""
    is_exact: bool
    """Whether each job's place in its line is asked for."""
    most: int
    """Lines."""


async def show(
    session: Session, orchestrator: Orchestrator, page: JobPage, query: JobQuery, manner: Manner
) -> None:
    """Print the page's jobs, which are the beginning of what ``query`` asks for."""
    output, jobs, times = session.output, page.items, session.times
    document = _document(page)
    if manner.is_one and not output.is_for_programs:
        await show_detail(session, orchestrator, jobs[0])
    elif manner.is_one and output.form == "json":
        output.document(described("joborch.job/1", jobs[0]))
    elif output.is_for_programs and not manner.is_exact:
        output.table(columns(times, {}), jobs, document=document, ids=lambda job: job.id)
    elif manner.folds and (fold := await folded(page, orchestrator, query, limit=manner.most)):
        table = folded_columns(times, await _reasons(session, orchestrator, fold.jobs, manner))
        output.table(table, fold.lines, document=document, ids=str, summary=fold.summary)
    else:
        reasons = await _reasons(session, orchestrator, jobs, manner)
        summary = _summary(page)
        output.table(
            columns(times, reasons),
            jobs,
            document=document,
            ids=lambda job: job.id,
            summary=summary,
        )
    if not jobs:
        output.hint("joborch submit -s SERVICE -- echo hello")


async def _reasons(
    session: Session, orchestrator: Orchestrator, jobs: Sequence[JobView], manner: Manner
) -> Mapping[int, str]:
    if manner.is_exact:
        return await explained(orchestrator, jobs, now=session.now)
    return await in_short(orchestrator, jobs, now=session.now)


def _summary(page: JobPage) -> str:
    shown = Counter(job.state for job in page.items)
    parts = [f"{shown[state]} {state.replace('_', ' ')}" for state in JobState if shown[state]]
    held = sum(job.state == JobState.QUEUED and job.held_at is not None for job in page.items)
    if held:
        parts[0] += f", {held} of them held"
    noun = "job" if page.total == 1 else "jobs"
    if page.total > len(page.items):
        return f"{page.total} {noun}; of the {len(page.items)} shown: {' · '.join(parts)}"
    return " · ".join([f"{page.total} {noun}", *parts])


def _document(page: JobPage) -> object:
    """Return the page, without ``next`` where it is cut and no cursor continues it."""
    if page.next is None and len(page.items) < page.total:
        return {"schema": page.schema, "items": page.items, "total": page.total}
    return page
