"""Give waiting jobs to agents that ask: one pass reads, plans and records in one transaction."""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from joborch.domain.agents import Agent
from joborch.domain.jobs import Job
from joborch.domain.scheduling import Assignment, plan
from joborch.domain.states import JobEvent
from joborch.process.clock import Clock
from joborch.server.blobs import Blobs
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Presence, Roll
from joborch.server.operations.enrol import hash_of
from joborch.server.store import jobs, snapshots, submissions, usage
from joborch.server.store.database import Database, Transaction
from joborch.server.store.submissions import Payload
from joborch.wire.agents import INLINE_BYTES, InlineFile, Lease
from joborch.wire.jobs import batch_name

logger = logging.getLogger(__name__)

LOOK_S = 60.0
"""How often it looks, while a job waits for a time, whether the wall clock has jumped there."""

Live = Mapping[str, tuple[Agent, float, bool]]
"""The live agents by id: what they are, their CPU load, and whether they ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """An assignment that is on disk, with all that the agent must be told."""

    job: Job
    agent_id: str
    token: str
    payload: Payload
    array_count: int | None


async def dispatch(
    *, database: Database, blobs: Blobs, catalog: Catalog, roll: Roll, clock: Clock
) -> float | None:
    """Assign what can be assigned now; returns the seconds until a job's time has come."""
    async with roll.ledger:
        asking = {one.agent.id: seat(one) for one in roll.every() if one.asking and one.takes_jobs}
        if asking:
            granted = await database.write(lambda t: _assign(t, asking, catalog, clock.now()))
            await deliver(granted, roll=roll, blobs=blobs, catalog=catalog)
    now = clock.now()
    moment = await database.read(lambda c: snapshots.next_moment(c, now))
    if moment is None:
        return None
    return min(max((moment - now).total_seconds(), 0) + 0.01, LOOK_S)


def seat(present: Presence) -> tuple[Agent, float, bool]:
    """Say of a present agent what the scheduler needs."""
    load = present.load.cpu_percent if present.load else 0.0
    return present.agent, load, bool(present.asking) and present.takes_jobs


async def deliver(granted: list[Granted], *, roll: Roll, blobs: Blobs, catalog: Catalog) -> None:
    """Hand leases to their agents, all at once; who has gone is offered them again later."""
    leases = [(g.agent_id, await _lease_of(g, blobs=blobs, catalog=catalog)) for g in granted]
    for agent_id, lease in leases:
        present = roll.get(agent_id)
        if present is not None:
            present.give(lease)


def grant_of(transaction: Transaction, job: Job, token: str) -> Granted:
    """Gather what a lease of this job tells its agent."""
    connection = transaction.connection
    return Granted(
        job=job,
        agent_id=str(job.agent_id),
        token=token,
        payload=submissions.find_payload(connection, job.payload_id),
        array_count=submissions.batch_size(connection, job.batch_id) if job.batch_id else None,
    )


def new_token() -> str:
    """Make a lease's secret."""
    return secrets.token_urlsafe(24)


def _assign(
    transaction: Transaction, asking: Live, catalog: Catalog, now: datetime
) -> list[Granted]:
    limits = catalog.limits()
    snapshot = snapshots.snapshot(transaction.connection, limits=limits, agents=asking, now=now)
    names = {agent_id: agent.name for agent_id, (agent, _, _) in asking.items()}
    granted: list[Granted] = []
    for assignment in plan(snapshot).assignments:
        try:
            with transaction.savepoint():
                name = names[assignment.agent_id]
                granted.append(_record(transaction, assignment, name, catalog, now))
        except usage.NoSlotError:
            logger.warning("slot was gone", extra={"job_id": assignment.job_id})
    return granted


def _record(
    transaction: Transaction,
    assignment: Assignment,
    agent_name: str,
    catalog: Catalog,
    now: datetime,
) -> Granted:
    job = jobs.find(transaction.connection, assignment.job_id)
    change = job.after(JobEvent.ASSIGN, at=now)
    held = replace(change.after, attempt=job.attempt + 1, agent_id=assignment.agent_id)
    token = new_token()
    job = jobs.move(
        transaction,
        replace(change, after=held),
        actor="dispatch",
        limits=catalog.get(job.service).limits,
        detail={"agent": agent_name},
        assigned_at=max(now, job.seen_at),
        last_agent_id=assignment.agent_id,
        token_hash=hash_of(token),
        not_before=None,
    )
    return grant_of(transaction, job, token)


async def _lease_of(grant: Granted, *, blobs: Blobs, catalog: Catalog) -> Lease:
    """Write the lease for an assignment; a small payload travels inside."""
    job, payload = grant.job, grant.payload
    files = await asyncio.to_thread(_files, payload, blobs)
    return Lease(
        job_id=job.id,
        attempt=job.attempt,
        token=grant.token,
        user_id=job.user_id,
        service=job.service,
        name=job.name,
        payload_id=payload.id,
        files=files,
        env=dict(job.env),
        batch=batch_name(job.batch_id),
        array_index=job.array_index,
        array_count=grant.array_count,
        time_limit_s=job.time_limit.total_seconds() if job.time_limit else None,
        lost_after_s=catalog.get(job.service).lost_after.total_seconds(),
    )


def _files(payload: Payload, blobs: Blobs) -> list[InlineFile]:
    is_small = payload.size_bytes <= INLINE_BYTES
    return [
        InlineFile(
            name=name,
            size_bytes=size,
            data=blobs.payload_file(payload.id, name).read_bytes() if is_small else None,
        )
        for name, size in payload.files.items()
    ]
