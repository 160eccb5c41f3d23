"""An agent reports how attempts ended, and brings their results home."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from joborch.domain.agents import Agent
from joborch.domain.errors import (
    InvalidRequestError,
    JobNotFoundError,
    NotAllowedError,
    ResultsMissingError,
    StaleJobError,
)
from joborch.domain.jobs import Job
from joborch.domain.states import JobEvent, JobState
from joborch.process.clock import DRIFT_S, Clock
from joborch.server.blobs import Blobs
from joborch.server.operations.enrol import hash_of
from joborch.server.operations.rescue import put_back, take_back
from joborch.server.store import jobs
from joborch.server.store.database import Connection, Database, Transaction
from joborch.wire.agents import Report, Reported, UploadState

logger = logging.getLogger(__name__)

OUTCOMES = {
    "completed": JobEvent.COMPLETE,
    "failed": JobEvent.FAIL,
    "timed_out": JobEvent.TIME_OUT,
    "cancelled": JobEvent.CANCEL,
    "invalid": JobEvent.REJECT,
    "lost": JobEvent.REQUEUE,
    "given_back": JobEvent.GIVE_BACK,
}
FUTILE = frozenset({JobEvent.REQUEUE, JobEvent.GIVE_BACK})
"""After these the job is queued again, or as good as."""
DRIFT = timedelta(seconds=DRIFT_S)
RECORDED, ALREADY_RECORDED = "recorded", "already_recorded"
DISCARD, RESULTS_MISSING = "discard", "results_missing"
_PUT_BACK = "put_back"
"""Recorded, and nothing will come of the attempt: what it sent is nobody's."""


async def report(
    agent: Agent,
    reports: list[Report],
    *,
    database: Database,
    blobs: Blobs,
    clock: Clock,
    wake: Callable[[], None],
) -> list[Reported]:
    """Record how attempts ended; when this returns, results and states are on disk.

    Reports that come together share their flushes. Results of one that turns out to be stale are
    removed again.

    Raises:
        InvalidRequestError: an outcome is unknown; nothing was recorded.
        StoreFailedError: the disk failed; some may have been recorded, and all may be sent again.
    """
    for one in reports:
        if one.outcome not in OUTCOMES:
            raise InvalidRequestError(f"there is no outcome {one.outcome!r}")
    settled = await asyncio.gather(
        *(
            _settle_in_turn(agent, one, database=database, blobs=blobs, clock=clock)
            for one in reports
        ),
        return_exceptions=True,
    )
    wake()
    for result in settled:
        if isinstance(result, BaseException):
            raise result
    return [
        Reported(job_id=one.job_id, attempt=one.attempt, disposition=str(disposition))
        for one, disposition in zip(reports, settled, strict=True)
    ]


async def upload_state(job_id: int, attempt: int, *, blobs: Blobs) -> UploadState:
    """Say how much of an attempt's results has arrived."""
    return UploadState(offset=await blobs.incoming_bytes(job_id, attempt))


async def receive(
    agent: Agent,
    job_id: int,
    attempt: int,
    token: str,
    *,
    offset: int,
    chunks: AsyncIterator[bytes],
    database: Database,
    blobs: Blobs,
) -> UploadState:
    """Take a part of an attempt's results; it is not durable before the report is.

    Raises:
        StaleJobError: the attempt cannot be settled by this lease any more.
        ConflictError: ``offset`` is not where the upload stands.
    """
    job = await database.read(lambda c: jobs.find(c, job_id))
    stored = await database.read(lambda c: jobs.token_of(c, job_id))
    if job.last_agent_id != agent.id or stored != hash_of(token):
        raise NotAllowedError(f"attempt {attempt} of job {job_id} is not leased to {agent.name}")
    if job.attempt != attempt or job.state.is_terminal:
        raise StaleJobError(job_id, attempt, DISCARD)
    async with blobs.alone(job_id, attempt):
        received = await blobs.receive(job_id, attempt, offset=offset, chunks=chunks)
    return UploadState(offset=received)


async def _settle_in_turn(
    agent: Agent, one: Report, *, database: Database, blobs: Blobs, clock: Clock
) -> str:
    async with blobs.alone(one.job_id, one.attempt):
        return await _settle(agent, one, database=database, blobs=blobs, clock=clock)


async def _settle(
    agent: Agent, one: Report, *, database: Database, blobs: Blobs, clock: Clock
) -> str:
    """Store one report, its results first; returns the disposition."""
    try:
        disposition = await database.read(lambda c: _disposition(c, agent, one))
        if disposition is None:
            if one.results and OUTCOMES[one.outcome] not in FUTILE:
                await blobs.publish_results(
                    one.job_id,
                    one.attempt,
                    size_bytes=one.results.size_bytes,
                    sha256=one.results.sha256,
                    data=one.results.data,
                )
            disposition = await database.write(lambda t: _record(t, agent, one, clock.now()))
    except ResultsMissingError as error:
        logger.warning("results missing", extra={"job_id": one.job_id, "error": error.message})
        return RESULTS_MISSING
    except (JobNotFoundError, StaleJobError):
        disposition = DISCARD
    if disposition == DISCARD:
        logger.info("report discarded", extra={"job_id": one.job_id, "attempt": one.attempt})
    if disposition == _PUT_BACK or await database.read(lambda c: _is_left_behind(c, one)):
        blobs.remove_results(one.job_id, one.attempt)
    return RECORDED if disposition == _PUT_BACK else disposition


def _is_left_behind(connection: Connection, one: Report) -> bool:
    """Whether no report can settle this attempt any more; its results are nobody's.

    Those of the newest attempt stay, whoever reports: they may be the job's; unless it ended
    without any, cancelled or given up while they were being stored.
    """
    try:
        job = jobs.find(connection, one.job_id)
    except JobNotFoundError:
        return True
    return job.attempt != one.attempt or (job.state.is_terminal and not job.has_results)


def _disposition(connection: Connection, agent: Agent, one: Report) -> str | None:
    """Say what becomes of a report without recording it; None if it may be recorded.

    The fence: the attempt must be the newest, the lease its newest, the agent its last holder.
    """
    job = jobs.find(connection, one.job_id)
    is_newest = job.attempt == one.attempt and job.last_agent_id == agent.id
    if not is_newest or jobs.token_of(connection, job.id) != hash_of(one.token):
        return DISCARD
    if job.state.is_terminal:
        return ALREADY_RECORDED
    if job.state is JobState.QUEUED and _event_for(job, one) in FUTILE:
        return ALREADY_RECORDED
    return None


def _record(transaction: Transaction, agent: Agent, one: Report, now: datetime) -> str:
    disposition = _disposition(transaction.connection, agent, one)
    if disposition is not None:
        return disposition
    job = jobs.find(transaction.connection, one.job_id)
    actor = f"agent:{agent.name}"
    event = _event_for(job, one)
    if event in FUTILE:
        end = put_back if event is JobEvent.REQUEUE else take_back
        end(transaction, job, one.reason or "its host failed", actor=actor, now=now)
        return _PUT_BACK
    job = _started(transaction, job, one, actor=actor, now=now)
    started_at, ended_at = _span(job, one, now)
    job = replace(job, started_at=started_at)
    change = job.after(event, at=ended_at, note=_note_for(job, one))
    jobs.move(transaction, change, actor=actor, detail=_detail(one), **_columns(one))
    return RECORDED


def _event_for(job: Job, one: Report) -> JobEvent:
    """Return what the outcome means for a job in this state."""
    event = OUTCOMES[one.outcome]
    if event is JobEvent.CANCEL and not job.cancel_requested_at:
        return JobEvent.REQUEUE
    if event is JobEvent.GIVE_BACK and job.state is not JobState.ASSIGNED:
        return JobEvent.REQUEUE
    if event is JobEvent.REJECT and job.state is JobState.RUNNING:
        return JobEvent.FAIL
    return event


def _started(transaction: Transaction, job: Job, one: Report, *, actor: str, now: datetime) -> Job:
    """Record the start, if the report is the first to tell of it."""
    if job.state is not JobState.ASSIGNED or one.started_ago_s is None:
        return job
    if OUTCOMES[one.outcome] is JobEvent.REJECT:
        return job
    at = max(now - timedelta(seconds=one.started_ago_s), job.assigned_at or now)
    return jobs.move(transaction, job.after(JobEvent.START, at=at), actor=actor)


def _span(job: Job, one: Report, now: datetime) -> tuple[datetime | None, datetime]:
    """Return when it started and ended; by its agent's word, if the clock was set meanwhile."""
    if job.started_at is None or one.started_ago_s is None:
        return job.started_at, now
    passed = timedelta(seconds=one.started_ago_s)
    if now < job.started_at:
        return job.started_at, job.started_at + passed
    if now - passed - job.started_at > DRIFT:
        return now - passed, now
    return job.started_at, now


def _note_for(job: Job, one: Report) -> str | None:
    """Return why the job ended so; a cancelled one keeps what was said when it was asked for."""
    if one.outcome == "cancelled":
        return job.reason
    if one.reason:
        return one.reason
    if one.outcome == "timed_out" and job.time_limit:
        return f"ran longer than its limit of {job.time_limit.total_seconds():.0f} s"
    if one.signal:
        return f"ended by signal {one.signal}"
    return f"exit status {one.exit_code}" if one.exit_code else None


def _detail(one: Report) -> dict[str, Any]:
    """Say in the job's history what its row says too, so that neither can be lost unseen."""
    size_bytes = one.results.size_bytes if one.results else None
    facts = {"exit_code": one.exit_code, "signal": one.signal, "results_bytes": size_bytes}
    return {name: value for name, value in facts.items() if value is not None}


def _columns(one: Report) -> dict[str, Any]:
    columns: dict[str, Any] = {"exit_code": one.exit_code, "signal": one.signal}
    if one.results:
        columns |= {
            "results_bytes": one.results.size_bytes,
            "results_sha256": one.results.sha256,
        }
    return columns
