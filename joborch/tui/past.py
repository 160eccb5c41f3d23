"""How jobs were before: what happened is undone, newest first, from how they are.

What the events do not tell is None, never a guess: which agent held an attempt whose assignment
is further back than the events known, and why a job went back to the queue.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from joborch.domain.states import TERMINAL, JobEvent, JobFact, JobState
from joborch.wire.events import EventView
from joborch.wire.jobs import JobView

_END = ("finished_at", "exit_code", "signal", "reason", "results")
_ENDS = (
    JobEvent.COMPLETE,
    JobEvent.FAIL,
    JobEvent.TIME_OUT,
    JobEvent.CANCEL,
    JobEvent.REJECT,
    JobEvent.LOSE,
)
_LATER: dict[str, tuple[str, ...]] = {
    JobEvent.ASSIGN: ("agent", "assigned_at", "started_at", "not_before", "reason"),
    JobEvent.START: ("started_at",),
    JobEvent.REQUEUE: ("started_at", "not_before", "reason"),
    JobEvent.GIVE_BACK: ("not_before", "reason"),
    JobFact.HELD: ("held_at", "hold_actor"),
    JobFact.CANCEL_REQUESTED: ("cancel_requested_at", "reason"),
    **dict.fromkeys(_ENDS, _END),
}
"""What was not so before such an event, or is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The moment just after something happened."""

    seq: int
    at: datetime


def as_of(job: JobView, events: Sequence[EventView], seq: int) -> JobView | None:
    """Return the job as it was just after event ``seq``; None if there was no such job yet.

    Args:
        job: as it is after all of ``events``.
        events: everything that happened to it after ``seq``, oldest first, and perhaps before.
        seq: the newest event that has happened at the moment in question.
    """
    first = bisect_right(events, seq, key=_seq)
    before, after = events[:first], events[first:]
    for event in reversed(after):
        if event.from_state is None:
            return None
        job = _undone(job, event)
    return _with_attempt(job, before) if after else job


class Past:
    """The events that are known, the jobs as they are, and one moment that can be moved."""

    def __init__(self, jobs: Mapping[int, JobView], *, newest: int) -> None:
        """Begin just after event ``newest``; jobs may be newer, if their events will be known."""
        self._jobs = dict(jobs)
        self._newest = newest
        self._events: list[EventView] = []
        self._of: dict[int, list[EventView]] = {}
        self._happened = 0
        """How many of the events known have happened at the moment."""

    def __len__(self) -> int:
        """Return how many events are known."""
        return len(self._events)

    @property
    def moment(self) -> Moment | None:
        """The moment; None before the first event that is known."""
        if self._happened == 0:
            return None
        event = self._events[self._happened - 1]
        return Moment(seq=event.seq, at=event.at)

    @property
    def room(self) -> int:
        """By how many events one can go back among those that are known."""
        return max(self._happened - 1, 0)

    @property
    def oldest(self) -> int | None:
        """The first event that is known."""
        return self._events[0].seq if self._events else None

    def add_older(self, events: Sequence[EventView]) -> None:
        """Know also these, which happened directly before those known so far."""
        if not self._events:
            self._happened = bisect_right(events, self._newest, key=_seq)
        else:
            self._happened += len(events)
        self._events[:0] = events
        older: dict[int, list[EventView]] = {}
        for event in events:
            older.setdefault(event.job_id, []).append(event)
        for job_id, its in older.items():
            self._of[job_id] = its + self._of.get(job_id, [])

    def learn(self, jobs: Iterable[JobView]) -> None:
        """Know also these jobs."""
        self._jobs |= {job.id: job for job in jobs}

    def unknown(self) -> set[int]:
        """Return the jobs that were there already, and of which no more is known than that."""
        return {
            job_id
            for job_id, its in self._of.items()
            if job_id not in self._jobs and its[0].seq <= self._newest
        }

    def go(self, by: int) -> dict[int, JobView | None]:
        """Go forward by so many events, but not beyond where it began; or back, as far as known.

        Returns the jobs that are different there, as they are there.
        """
        last = bisect_right(self._events, self._newest, key=_seq)
        before, self._happened = self._happened, max(min(self._happened + by, last), min(last, 1))
        low, high = sorted((before, self._happened))
        return self._as_of({event.job_id for event in self._events[low:high]})

    def before(self, at: datetime) -> int | None:
        """Return by how many events one has to go back to be at ``at``; None if too few are known.

        At least one, so that one gets somewhere.
        """
        for by in range(1, self._happened):
            if self._events[self._happened - by - 1].at <= at:
                return by
        return None

    def after(self, at: datetime) -> int:
        """Return by how many events one has to go forward to be at ``at``: at least one."""
        by = 1
        while self._happened + by < len(self._events):
            if self._events[self._happened + by].at > at:
                break
            by += 1
        return by

    def _as_of(self, job_ids: Collection[int]) -> dict[int, JobView | None]:
        seq = self._events[self._happened - 1].seq if self._happened else 0
        known = {job_id: self._jobs.get(job_id) for job_id in job_ids}
        return {
            job_id: as_of(job, self._of[job_id], seq) if job else None
            for job_id, job in known.items()
        }


def _undone(job: JobView, event: EventView) -> JobView:
    """Return the job as it was before an event."""
    changes: dict[str, Any] = dict.fromkeys(_LATER.get(event.event, ()))
    changes |= {"state": event.from_state, "attempt": event.attempt}
    if event.event in _ENDS and event.from_state != JobState.RUNNING:
        changes["started_at"] = None  # a short job's start is told with its end
    match event.event, event.from_state:
        case JobEvent.ASSIGN, _:
            changes["attempt"] -= 1
        case JobEvent.CANCEL, JobState.QUEUED:
            changes["cancel_requested_at"] = None
        case JobFact.RELEASED, _:
            changes["held_at"] = job.submitted_at  # at the earliest; since when is not told
        case JobFact.CHANGED, _:
            changes |= _old_values(event)
        case JobFact.RESULTS_REMOVED, _ if job.results:
            changes["results"] = replace(job.results, removed_at=None)
    return replace(job, **changes)


def _seq(event: EventView) -> int:
    return event.seq


def _old_values(event: EventView) -> dict[str, Any]:
    old = {name: values["old"] for name, values in event.detail.items()}
    if old.get("not_before"):
        old["not_before"] = datetime.fromisoformat(old["not_before"])
    return old


def _with_attempt(job: JobView, before: Sequence[EventView]) -> JobView:
    """Add what earlier events tell of the attempt: its agent, and when it started."""
    if job.state in TERMINAL or job.attempt == 0:
        return job
    for event in reversed(before):
        if event.event == JobEvent.START and job.state == JobState.RUNNING:
            job = replace(job, started_at=event.at)  # its end may tell another time
        if event.event == JobEvent.ASSIGN:
            return replace(job, agent=job.agent or event.detail.get("agent"))
    return job
