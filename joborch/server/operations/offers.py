"""Leases on their way to agents: what is granted is on disk, what is offered has its files.

A payload that is gone, or on a disk that fails, must not hold up the poll that it would travel
with: agents whose polls fail take the server for away, and end what they run.
"""

import asyncio
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime

from joborch.domain.jobs import Job
from joborch.domain.states import JobEvent, JobState
from joborch.process.clock import Clock
from joborch.server.blobs import Blobs
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.operations.rescue import take_back
from joborch.server.store import jobs, submissions
from joborch.server.store.database import Database, Transaction
from joborch.server.store.submissions import Payload
from joborch.wire.agents import INLINE_BYTES, InlineFile, Lease
from joborch.wire.jobs import batch_name

logger = logging.getLogger(__name__)

ACTOR = "server"
GONE = "its files are gone from the server's disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """An assignment that is on disk, with all that the agent must be told."""

    job: Job
    agent_id: str
    token: str
    payload: Payload
    array_count: int | None


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


async def deliver(
    granted: list[Granted],
    *,
    database: Database,
    blobs: Blobs,
    catalog: Catalog,
    roll: Roll,
    clock: Clock,
) -> int:
    """Hand leases to their agents, all at once; who has gone is offered them again later.

    A payload that cannot be read costs its own job the lease, and nothing else. Returns how many
    leases came to nothing: their slots are free again.
    """
    leases: list[tuple[str, Lease]] = []
    for grant in granted:
        try:
            leases.append((grant.agent_id, await _lease_of(grant, blobs=blobs, catalog=catalog)))
        except OSError as error:
            await _withdraw(grant.job, error, database=database, blobs=blobs, now=clock.now())
    for agent_id, lease in leases:
        present = roll.get(agent_id)
        if present is not None:
            present.give(lease)
    return len(granted) - len(leases)


async def _withdraw(
    job: Job, error: OSError, *, database: Database, blobs: Blobs, now: datetime
) -> None:
    """Take back a lease that no agent knows of; without its files the job is at its end."""
    is_gone = isinstance(error, FileNotFoundError | NotADirectoryError)
    is_gone = is_gone and blobs.has_room_of(job.payload_id)

    def work(transaction: Transaction) -> None:
        found = jobs.find(transaction.connection, job.id)
        if found.attempt != job.attempt or found.state is not JobState.ASSIGNED:
            return
        if is_gone and not found.cancel_requested_at:
            change = found.after(JobEvent.REJECT, at=now, note=GONE)
            jobs.move(transaction, change, actor=ACTOR)
        else:
            why = f"the server cannot read its files: {error.strerror}"
            take_back(transaction, found, why, actor=ACTOR, now=now)

    await database.write(work)
    logger.warning("files of a job not read", extra={"job_id": job.id, "error": str(error)})


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
