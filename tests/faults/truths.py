"""What must be true of a server at any moment, whatever has happened to it: read it and judge.

Must not know what the server did: everything is counted again from the rows and files themselves.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from sqlalchemy import Connection, select

from joborch.domain.jobs import Job
from joborch.domain.quotas import Limits
from joborch.domain.states import TRANSITIONS, JobEvent, JobFact, JobState
from joborch.server.store import events, jobs
from joborch.server.store.tables import BATCHES, EVERYBODY, JOBS, USAGE
from joborch.wire.events import EventView

Line = tuple[str, str]
"""A service and a user of it, or everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All that a server has written down, read at one moment."""

    jobs: Mapping[int, Job]
    events: tuple[EventView, ...]
    usage: Mapping[Line, tuple[int, int]]
    """Active and queued, as the counters say; lines where both are 0 are left out."""
    batches: Mapping[int, tuple[int, int | None]]
    """Active, as the counter says, and the most that may be."""


def read_books(connection: Connection) -> Books:
    """Read everything. Small databases only."""
    rows = connection.execute(select(JOBS).order_by(JOBS.c.id))
    counters = connection.execute(select(USAGE))
    usage = {(row.service, row.user_id): (row.active, row.queued) for row in counters}
    batches = connection.execute(select(BATCHES.c.id, BATCHES.c.active, BATCHES.c.at_once))
    return Books(
        jobs={row.id: jobs.job_from(row) for row in rows},
        events=tuple(events.since(connection, 0, limit=1_000_000)),
        usage={line: pair for line, pair in usage.items() if pair != (0, 0)},
        batches={row[0]: (row[1], row[2]) for row in batches},
    )


Ruling = tuple[int, str, int | None]
"""After which event whose quota was set, and to what; None takes it back."""


def wrongs(books: Books, limits: Mapping[str, Limits], rulings: Sequence[Ruling] = ()) -> list[str]:
    """Say everything that is not as it must be, in words; nothing if all is well."""
    return [
        *_wrong_holders(books),
        *_wrong_counters(books),
        *_wrong_batches(books),
        *_wrong_histories(books),
        *_overruns(books, limits, rulings),
    ]


def wrong_results(books: Books, data: Path) -> list[str]:
    """Compare the results on the server's disk with what the jobs say of theirs."""
    promised = {
        f"{job.id}-{job.attempt}.zip": job.results_sha256
        for job in books.jobs.values()
        if job.has_results
    }
    found = {path.name: path for path in (data / "results").glob("*/*.zip")}
    lost = [f"{name} is gone" for name in promised.keys() - found.keys()]
    stray = [f"{name} is nobody's" for name in found.keys() - promised.keys()]
    changed = [
        f"{name} is not what was reported"
        for name in promised.keys() & found.keys()
        if hashlib.sha256(found[name].read_bytes()).hexdigest() != promised[name]
    ]
    return sorted([*lost, *stray, *changed])


def _wrong_holders(books: Books) -> Iterator[str]:
    for job in books.jobs.values():
        if job.state.is_active != (job.agent_id is not None):
            yield f"job {job.id} is {job.state} and held by {job.agent_id}"
        if job.state.is_active and job.agent_id != job.last_agent_id:
            yield f"job {job.id} is held by another agent than it was given to"
        if job.state.is_terminal != (job.finished_at is not None):
            yield f"job {job.id} is {job.state} and finished at {job.finished_at}"


def _wrong_counters(books: Books) -> Iterator[str]:
    active: Counter[Line] = Counter()
    queued: Counter[Line] = Counter()
    for job in books.jobs.values():
        for user in (job.user_id, EVERYBODY):
            active[job.service, user] += job.state.is_active
            queued[job.service, user] += job.state is JobState.QUEUED
    for line in active.keys() | books.usage.keys():
        counted = (active[line], queued[line])
        if books.usage.get(line, (0, 0)) != counted:
            yield f"{line}: counters {books.usage.get(line)}, counted {counted}"


def _wrong_batches(books: Books) -> Iterator[str]:
    held = Counter(job.batch_id for job in books.jobs.values() if job.state.is_active)
    for batch_id, (active, at_once) in books.batches.items():
        if active != held[batch_id]:
            yield f"batch {batch_id}: counter {active}, counted {held[batch_id]}"
        if at_once is not None and active > at_once:
            yield f"batch {batch_id}: {active} active, {at_once} allowed"


def _wrong_histories(books: Books) -> Iterator[str]:
    by_job = attrgetter("job_id")
    for job_id, history in groupby(sorted(books.events, key=by_job), key=by_job):
        yield from _wrong_history(books.jobs[job_id], list(history))


def _wrong_history(job: Job, history: list[EventView]) -> Iterator[str]:
    state: JobState | None = None
    attempt = 0
    for event in history:
        after = _state_after(state, event)
        if after is None or event.to_state != after or event.from_state != state:
            yield f"job {job.id}, {state}: {event.event} to {event.to_state} is no way to go"
        attempt += event.event == JobEvent.ASSIGN
        if event.attempt != attempt:
            yield f"job {job.id}: {event.event} of attempt {event.attempt}, not {attempt}"
        state = JobState(event.to_state)
    if (state, attempt) != (job.state, job.attempt):
        yield f"job {job.id} is {job.state} ({job.attempt}), its events say {state} ({attempt})"
    ends = [event.event for event in history if _is_end(event)]
    if len(ends) != job.state.is_terminal:
        yield f"job {job.id} is {job.state} after it ended {len(ends)} times: {ends}"


def _state_after(state: JobState | None, event: EventView) -> JobState | None:
    if event.event in frozenset(JobFact):
        has_ended = state is not None and state.is_terminal
        after_the_end = {JobFact.RESULTS_REMOVED, JobFact.RETRIED}
        return None if has_ended and event.event not in after_the_end else state
    return TRANSITIONS.get((state, JobEvent(event.event)))


def _is_end(event: EventView) -> bool:
    return event.event not in frozenset(JobFact) and JobState(event.to_state).is_terminal


def _overruns(
    books: Books, limits: Mapping[str, Limits], rulings: Sequence[Ruling]
) -> Iterator[str]:
    """Count the slots in use after each event there ever was."""
    active: Counter[Line] = Counter()
    for event in books.events:
        job = books.jobs[event.job_id]
        was_active = event.from_state is not None and JobState(event.from_state).is_active
        gained = JobState(event.to_state).is_active - was_active
        bounds = limits[job.service]
        per_user = _ruled(rulings, job.user_id, event.seq)
        per_user = bounds.per_user if per_user is None else per_user
        for user, limit in ((job.user_id, per_user), (EVERYBODY, bounds.total)):
            active[job.service, user] += gained
            if gained > 0 and limit is not None and active[job.service, user] > limit:
                yield f"event {event.seq}: {active[job.service, user]} active of {user}"


def _ruled(rulings: Sequence[Ruling], user_id: str, seq: int) -> int | None:
    """Return what was last set for a user before an event."""
    own = [running for after, user, running in rulings if user == user_id and after < seq]
    return own[-1] if own else None
