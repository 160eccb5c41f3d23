"""How a job looks in a list."""

from collections.abc import Callable, Mapping
from datetime import datetime

from joborch.cli.tables import Column
from joborch.cli.times import Times, age, clock, iso
from joborch.domain.actors import held
from joborch.domain.states import JobState
from joborch.wire.jobs import JobView

MARKS = {
    JobState.QUEUED: "·Q",
    JobState.ASSIGNED: "»D",
    JobState.RUNNING: "▶R",
    JobState.COMPLETED: "✓C",
    JobState.FAILED: "✗F",
    JobState.TIMED_OUT: "✗T",
    JobState.CANCELLED: "■K",
    JobState.INVALID: "!I",
    JobState.LOST: "?L",
}
HELD_MARK, CLEANED_MARK = "‖H", "∅X"
COLORS = {
    JobState.RUNNING: "blue",
    JobState.ASSIGNED: "cyan",
    JobState.COMPLETED: "green",
    JobState.FAILED: "red",
    JobState.TIMED_OUT: "red",
    JobState.LOST: "red",
    JobState.INVALID: "yellow",
    JobState.CANCELLED: "yellow",
}


def mark(job: JobView) -> str:
    """Return a job's state as two characters."""
    state = JobState(job.state)
    if state is JobState.QUEUED and job.held_at:
        return HELD_MARK
    if job.results and job.results.removed_at:
        return CLEANED_MARK
    return MARKS[state]


def why(job: JobView, *, written: Callable[[datetime], str | None] = iso) -> str:
    """Say where a job is, or what stands in its way, as far as the job itself knows."""
    match JobState(job.state):
        case JobState.QUEUED:
            return _why_queued(job, written)
        case JobState.ASSIGNED:
            return f"→{job.agent or '?'}"
        case JobState.RUNNING | JobState.COMPLETED:
            return job.agent or ""
        case _:
            return " on ".join(filter(None, (_ending(job), job.agent)))


def _what_keeps_or_ended(job: JobView, written: Callable[[datetime], str | None]) -> str:
    """Say the same without the agent, which has a column of its own."""
    if job.state == JobState.QUEUED:
        return _why_queued(job, written)
    return _ending(job) if JobState(job.state).is_terminal else ""


def running_s(job: JobView, now: datetime) -> float | None:
    """Return how long a job has run."""
    if job.started_at is None:
        return None
    return max(((job.finished_at or now) - job.started_at).total_seconds(), 0.0)


def columns(times: Times, reasons: Mapping[int, str]) -> list[Column[JobView]]:
    """Return the columns of a list of jobs; ``reasons`` says why some of them wait."""
    now = times.now
    return [
        Column(name="id", head="ID", text=lambda j: str(j.id), raw=lambda j: j.id, is_right=True),
        Column(
            name="state",
            head="ST",
            text=mark,
            raw=lambda j: j.state,
            color=lambda j: COLORS.get(JobState(j.state)),
        ),
        Column(name="name", head="NAME", text=lambda j: j.name, raw=lambda j: j.name),
        _plain("service", gives_way=3),
        _plain("user_id", head="USER", gives_way=4),
        _plain("priority", head="PRI", gives_way=5),
        Column(
            name="submitted_at",
            head="AGE",
            text=lambda j: age(j.submitted_at, now),
            at=lambda j: j.submitted_at,
            raw=lambda j: iso(j.submitted_at),
            is_right=True,
            gives_way=2,
        ),
        Column(
            name="running_s",
            head="RUN",
            text=lambda j: "" if (s := running_s(j, now)) is None else clock(s),
            raw=lambda j: running_s(j, now),
            is_right=True,
            gives_way=1,
        ),
        Column(
            name="agent",
            head="AGENT / WHY",
            text=lambda j: reasons.get(j.id) or why(j, written=times.brief),
            raw=lambda j: j.agent,
        ),
        Column(
            name="why",
            head="WHY",
            text=lambda j: reasons.get(j.id) or _what_keeps_or_ended(j, times.brief),
            raw=lambda j: reasons.get(j.id) or _what_keeps_or_ended(j, iso),
            is_for_programs=True,
        ),
        *(_plain(name, is_extra=True) for name in EXTRA),
    ]


EXTRA = ("batch", "array_index", "attempt", "exit_code", "reason")


def _plain(
    name: str, *, head: str | None = None, gives_way: int = 0, is_extra: bool = False
) -> Column[JobView]:
    return Column(
        name=name,
        head=head or name.upper(),
        text=lambda job: _text(getattr(job, name)),
        raw=lambda job: getattr(job, name),
        gives_way=gives_way,
        is_extra=is_extra,
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _why_queued(job: JobView, written: Callable[[datetime], str | None]) -> str:
    if job.held_at:
        return held(job.hold_actor)
    if job.after:
        return waits_for(job)
    if job.not_before:
        return f"not before {written(job.not_before)}"
    return job.reason or ""


def waits_for(job: JobView) -> str:
    """Say which jobs a job waits for, in a cell: ``after 7``, ``after 7 and 24 more``."""
    more = job.after_count - 1
    return f"after {job.after[0]}{f' and {more} more' if more else ''}"


def _ending(job: JobView) -> str:
    if job.state == JobState.FAILED and job.signal is not None:
        return f"signal {job.signal}"
    if job.state == JobState.FAILED and job.exit_code is not None:
        return f"exit {job.exit_code}"
    return job.reason or ""
