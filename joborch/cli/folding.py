"""What ``joborch status`` shows unasked on a terminal: each batch as one line, with its count."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from joborch.cli.current import current
from joborch.cli.job_table import MARKS, columns
from joborch.cli.tables import Column
from joborch.cli.times import Times
from joborch.client import JobQuery, Orchestrator
from joborch.domain.states import BAD, TERMINAL, JobState
from joborch.wire.jobs import JobPage, JobView

MOST_BATCHES = 19
"""So many batches one filter can leave out; jobs of others keep a line each."""
BATCH_MARK = "░░"
BAR_CELLS = 7
KINDS = (
    (MARKS[JobState.RUNNING][0], frozenset({JobState.RUNNING})),
    (MARKS[JobState.FAILED][0], BAD),
    (MARKS[JobState.CANCELLED][0], frozenset({JobState.CANCELLED})),
    (MARKS[JobState.QUEUED][0], frozenset({JobState.QUEUED, JobState.ASSIGNED})),
)
"""What is counted of a batch, each with its sign; the others have completed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """All jobs of a batch."""

    name: str
    newest: JobView
    """Of those that would have been shown."""
    counts: Mapping[JobState, int]

    @property
    def headway(self) -> str:
        """Write ``████░░░ 120/250 · 5▶ 3✗ 122·``: how many have ended, and the others."""
        jobs = sum(self.counts.values())
        ended = self._count(TERMINAL)
        full = BAR_CELLS * ended // max(jobs, 1)
        bar = f"{'█' * full}{'░' * (BAR_CELLS - full)} {ended}/{jobs}"
        others = [f"{number}{sign}" for sign, kind in KINDS if (number := self._count(kind))]
        return " · ".join([bar, " ".join(others)] if others else [bar])

    def _count(self, states: frozenset[JobState]) -> int:
        return sum(self.counts.get(state, 0) for state in states)


Line = JobView | BatchLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Lines for jobs and batches, the newest first, and how many jobs there are."""

    lines: Sequence[Line]
    total: int
    hidden: int
    """Lines that there are beyond these."""

    @property
    def jobs(self) -> list[JobView]:
        """Return the jobs that have a line of their own."""
        return [line for line in self.lines if not isinstance(line, BatchLine)]

    @property
    def summary(self) -> str:
        """Say how many jobs there are, and how to see each."""
        batches = sum(isinstance(line, BatchLine) for line in self.lines)
        noun = "batch" if batches == 1 else "batches"
        parts = [f"{self.total} jobs", f"{batches} {noun}, job by job with --expand"]
        return " · ".join([*parts, f"{self.hidden} more lines with -N"] if self.hidden else parts)


async def folded(
    page: JobPage, orchestrator: Orchestrator, query: JobQuery, *, limit: int
) -> Folded | None:
    """Return what is current, ``page`` being its beginning, in at most ``limit`` lines.

    Batches of which several jobs are current are left out of further questions, so that a large
    one does not keep what is older from being seen. None: there are no such batches.
    """
    total, newest = page.total, dict[str, JobView]()
    while found := _batches(page.items, MOST_BATCHES - len(newest)):
        newest |= found
        others = " ".join(f"!batch:{name}" for name in newest)
        page = await current(orchestrator, replace(query, q=others), limit=limit)
    batches = [
        BatchLine(name=name, newest=job, counts=await _counts(orchestrator, name))
        for name, job in newest.items()
    ]
    if not batches:
        return None
    lines: list[Line] = [*page.items, *batches]
    shown = sorted(lines, key=_newest_id, reverse=True)[:limit]
    return Folded(lines=shown, total=total, hidden=page.total + len(batches) - len(shown))


def folded_columns(times: Times, reasons: Mapping[int, str]) -> list[Column[Line]]:
    """Return the columns of such lines: those of jobs, with a batch's headway as the last."""
    return [_for_lines(column) for column in columns(times, reasons)]


def _batches(jobs: Sequence[JobView], most: int) -> dict[str, JobView]:
    """Return the batches that have several of the jobs, each with its newest."""
    sizes = Counter(job.batch for job in jobs)
    found: dict[str, JobView] = {}
    for job in jobs:
        if job.batch and sizes[job.batch] > 1 and len(found) < most:
            found.setdefault(job.batch, job)
    return found


async def _counts(orchestrator: Orchestrator, batch: str) -> dict[JobState, int]:
    groups = await orchestrator.groups("state", JobQuery(batch=batch))
    return {JobState(group.key): group.count for group in groups.items}


def _newest_id(line: Line) -> int:
    return _job(line).id


def _job(line: Line) -> JobView:
    return line.newest if isinstance(line, BatchLine) else line


def _for_lines(column: Column[JobView]) -> Column[Line]:
    return Column(
        name=column.name,
        head=column.head,
        text=lambda line: _cell(line, column),
        raw=lambda line: _cell(line, column),
        at=_at(column),
        color=lambda line: None if isinstance(line, BatchLine) else column.color(line),
        is_right=column.is_right,
        gives_way=column.gives_way,
        is_extra=column.is_extra,
        is_for_programs=column.is_for_programs,
    )


def _at(column: Column[JobView]) -> Callable[[Line], datetime | None] | None:
    at = column.at
    return None if at is None else lambda line: at(_job(line))


def _cell(line: Line, column: Column[JobView]) -> str:
    if not isinstance(line, BatchLine):
        return column.text(line)
    own = dict(_own_cells(line))
    return own[column.name] if column.name in own else column.text(line.newest)


def _own_cells(line: BatchLine) -> Iterator[tuple[str, str]]:
    yield "id", line.name
    yield "state", BATCH_MARK
    yield "agent", line.headway
    for name in ("why", "running_s", "array_index", "attempt", "exit_code", "reason"):
        yield name, ""
