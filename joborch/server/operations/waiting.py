"""Say of many jobs at once why they wait, and whose turn it is.

The cost depends on how many are asked about, how many users wait and how much room there is; a
place in a line, which depends on the line's length, is ``explain``'s.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from joborch.domain.jobs import Job
from joborch.domain.quotas import Limits
from joborch.domain.scheduling import Candidate, HoldReason, Snapshot, turns, why_they_wait
from joborch.domain.states import JobState
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.operations.forecasts import Taking
from joborch.server.store import listing, snapshots
from joborch.server.store.database import Connection, Database
from joborch.server.store.listing import JobQuery
from joborch.wire.waiting import Reason, Turn, Waiting

MOST_TURNS = 100


async def waiting(
    job_ids: Collection[int], *, database: Database, catalog: Catalog, roll: Roll, clock: Clock
) -> Waiting:
    """Return why these jobs wait, leaving out those that do not, and the order of the lines."""
    taking, limits = Taking.of(roll, clock), catalog.limits()
    return await database.read(lambda c: _waiting(c, tuple(job_ids), taking, limits, clock.now()))


def candidate_of(job: Job) -> Candidate:
    """Return what decides about a job."""
    return Candidate(
        job_id=job.id,
        service=job.service,
        user_id=job.user_id,
        priority=job.priority,
        demand=job.demand,
        batch_id=job.batch_id,
    )


def out_of_line(job: Job, now: datetime) -> HoldReason | None:
    """Say why a job that waits stands in no line; None if it stands in one."""
    if job.held_at is not None:
        return HoldReason.HELD
    if job.gate_id is not None:
        return HoldReason.DEPENDENCY
    return HoldReason.NOT_BEFORE if job.has_to_wait(now) else None


def reasons_of(
    connection: Connection,
    jobs: Sequence[Job],
    *,
    heads: Sequence[Candidate],
    seen: Snapshot,
    now: datetime,
) -> dict[int, HoldReason]:
    """Say why these jobs, and the ``heads`` of all lines, wait, judged together.

    The answer for a job is the same whichever others are asked about: who is ahead of it takes the
    room there is in any case.
    """
    out = {job.id: reason for job in jobs if (reason := out_of_line(job, now))}
    others = [*heads, *(candidate_of(job) for job in jobs if job.id not in out)]
    batches = {job.batch_id for job in (*others, *seen.candidates)}
    seen = replace(seen, batch_room=snapshots.batch_room(connection, batches))
    return why_they_wait(others, seen) | out


def _waiting(
    connection: Connection,
    job_ids: tuple[int, ...],
    taking: Taking,
    limits: dict[str, Limits],
    now: datetime,
) -> Waiting:
    asked = JobQuery(ids=job_ids, states=frozenset({JobState.QUEUED}), limit=len(job_ids))
    jobs = listing.page(connection, asked)[0] if job_ids else []
    heads = snapshots.heads(connection, now)
    seen = snapshots.snapshot(connection, limits=limits, agents=taking.agents, now=now)
    reasons = reasons_of(connection, jobs, heads=heads, seen=seen, now=now)
    in_turn = islice(turns(replace(seen, candidates=heads)), MOST_TURNS)
    return Waiting(
        items=[Reason(id=job.id, reason=reasons[job.id].value) for job in jobs],
        turns=[_turn(job, reasons[job.job_id]) for job in in_turn],
    )


def _turn(job: Candidate, reason: HoldReason) -> Turn:
    return Turn(service=job.service, user_id=job.user_id, job_id=job.job_id, reason=reason.value)
