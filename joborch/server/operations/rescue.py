"""Put back what an agent that has gone silent held.

A lease is lost only when this process's own monotonic clock has run for the service's
``lost_after`` since the agent's last poll. The agent ends the attempt itself before that time, so
that two attempts never overlap. An agent that nobody knows cannot poll: it has been silent for as
long as this process has run.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from joborch.domain.jobs import Job
from joborch.domain.retries import back_off, pause
from joborch.domain.states import JobEvent
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.store import jobs
from joborch.server.store.database import Database, Transaction

logger = logging.getLogger(__name__)


async def rescue(
    *,
    database: Database,
    catalog: Catalog,
    roll: Roll,
    clock: Clock,
    wake: Callable[[], None],
) -> float:
    """Put back the jobs of lost agents; returns the seconds until the next could be lost."""
    delays = [catalog.shortest_patience_s()]
    async with roll.ledger:
        for job, silent_s, who in await _in_silence(database, roll, clock):
            if (left_s := _patience(job, catalog) - silent_s) > 0:
                delays.append(left_s)
                continue
            await _put_back(job, who, database=database, now=clock.now())
            wake()
    return min(delays)


def put_back(
    transaction: Transaction, job: Job, why: str, *, actor: str, now: datetime
) -> JobEvent:
    """End an attempt that nothing will come of: the job is queued again, cancelled or lost."""
    if job.cancel_requested_at:
        event = JobEvent.CANCEL
    elif job.losses + 1 >= job.max_attempts:
        event = JobEvent.LOSE
    else:
        event = JobEvent.REQUEUE
    change = job.after(event, at=now, note=why)
    not_before = now + back_off(change.after.losses) if event is JobEvent.REQUEUE else None
    jobs.move(transaction, change, actor=actor, not_before=not_before, assigned_at=None)
    return event


def take_back(
    transaction: Transaction, job: Job, why: str, *, actor: str, now: datetime
) -> JobEvent:
    """Queue a job again that its agent could not take: it counts as not having been tried."""
    if job.cancel_requested_at:
        return put_back(transaction, job, why, actor=actor, now=now)
    change = job.after(JobEvent.GIVE_BACK, at=now, note=why)
    not_before = now + pause(job.attempt - job.losses)
    jobs.move(transaction, change, actor=actor, not_before=not_before, assigned_at=None)
    return JobEvent.GIVE_BACK


async def _in_silence(database: Database, roll: Roll, clock: Clock) -> list[tuple[Job, float, str]]:
    """Return every job whose holder does not ask now, for how long it has not, and who it is."""
    found: list[tuple[Job, float, str]] = []
    for present in [one for one in roll.every() if not one.asking]:
        silent_s = clock.monotonic() - present.seen
        held = await database.read(partial(jobs.held_by, agent_id=present.agent.id))
        found += [(job, silent_s, present.agent.name) for job in held]
    for job in await database.read(jobs.held_by_strangers):
        if roll.get(job.agent_id) is None:
            found.append((job, clock.monotonic() - roll.began, str(job.agent_id)))
    return found


async def _put_back(job: Job, who: str, *, database: Database, now: datetime) -> None:
    why = f"agent {who} has not been heard of"

    def work(transaction: Transaction) -> JobEvent | None:
        found = jobs.find(transaction.connection, job.id)
        if found.attempt != job.attempt or not found.state.is_active:
            return None  # its report came in the meantime
        return put_back(transaction, found, why, actor="rescue", now=now)

    event = await database.write(work)
    if event is not None:
        fields = {"job_id": job.id, "agent": who, "event": event.value}
        logger.warning("lease lost", extra=fields)


def _patience(job: Job, catalog: Catalog) -> float:
    return catalog.get(job.service).lost_after.total_seconds()
