"""Remove the results, and then the payloads, of jobs that ended long enough ago.

How long ago is a matter of the wall clock, which may be wrong. Whenever it jumped, nothing is
removed for an hour, so that who set it wrong can set it right.
"""

import asyncio
import logging
from datetime import datetime

from joborch.domain.jobs import Job
from joborch.domain.retention import cut_off
from joborch.domain.states import JobFact
from joborch.process.clock import Clock, Jumps
from joborch.server.blobs import Blobs
from joborch.server.settings import ServerSettings
from joborch.server.store import jobs, submissions
from joborch.server.store.database import Database, Transaction

logger = logging.getLogger(__name__)

AT_ONCE = 100
WARY_S = 3600.0
"""How long nothing is removed after a jump of the wall clock."""
LOOK_S = 600.0
"""How often the wall clock is looked at, at least: two jumps in between would go unnoticed."""


async def clean(
    *, database: Database, blobs: Blobs, clock: Clock, jumps: Jumps, settings: ServerSettings
) -> float:
    """Remove what is due; returns the seconds until it wants to look again.

    Only jobs that have ended are touched. The files go first: a crash in between leaves a job
    whose results are gone a little before it says so, and the next pass finishes it.
    """
    wary_s = WARY_S - jumps.since_last_s()
    if wary_s > 0:
        return min(wary_s, LOOK_S)
    due_in_s = await _clean(database=database, blobs=blobs, now=clock.now(), settings=settings)
    return min(due_in_s, LOOK_S)


async def _clean(
    *, database: Database, blobs: Blobs, now: datetime, settings: ServerSettings
) -> float:
    """Remove what is due at this time; returns the seconds until more will be."""
    due = await database.read(
        lambda c: jobs.to_clean(c, before=cut_off(now, settings.max_age), limit=AT_ONCE)
    )
    for job in due:
        for attempt in range(1, job.attempt + 1):
            await asyncio.to_thread(blobs.remove_results, job.id, attempt)
    if due:
        unused = await database.write(lambda t: _record(t, due, now))
        for payload_id in unused:
            await asyncio.to_thread(blobs.remove_payload, payload_id)
        logger.info("results removed", extra={"jobs": len(due), "payloads": len(unused)})
    if len(due) == AT_ONCE:
        return 0
    oldest = await database.read(jobs.first_finished)
    keep_s = settings.max_age.total_seconds()
    if oldest is None:
        return keep_s
    return min(max((oldest - now).total_seconds() + keep_s, 0) + 0.01, keep_s)


def _record(transaction: Transaction, removed: list[Job], now: datetime) -> list[str]:
    """Note what was removed; returns the payloads that no job needs any more."""
    for job in removed:
        jobs.note(
            transaction,
            job,
            JobFact.RESULTS_REMOVED,
            actor="clean",
            at=now,
            results_removed_at=now,
        )
    payload_ids = {job.payload_id for job in removed}
    return [
        payload_id
        for payload_id in sorted(payload_ids)
        if submissions.remove_unused(transaction, payload_id, at=now)
    ]
