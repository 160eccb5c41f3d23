"""Submit a job that has ended once more, as a new job with the same files.

The job that ended stays what it ended as. It is told of the new one by a fact; the new one has a
tag that names it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from joborch.domain.errors import IdempotencyError, PayloadGoneError, RetriedError, WrongStateError
from joborch.domain.jobs import Job, NewJob
from joborch.domain.states import RETRIABLE, JobFact, JobState
from joborch.process.clock import Clock
from joborch.server.blobs import Blobs
from joborch.server.live.catalog import Catalog
from joborch.server.operations.fingerprints import Fingerprint, formerly_said, said
from joborch.server.store import events, jobs, submissions
from joborch.server.store.database import Database, Transaction
from joborch.server.store.submissions import Earlier

RETRY_OF = "retry_of"
"""The tag of a new job that names the one it repeats."""
FORMER = "accepts_completed priority key"
"""What could be said of a retry when fingerprints were written by ``repr``."""
HINTS = {
    JobState.COMPLETED: "say explicitly that it is to run again although it completed",
    JobState.INVALID: "it could never run: submit it anew, with its files mended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """How a job is to be submitted again."""

    accepts_completed: bool = False
    """Also if it completed."""
    priority: int | None = None
    """None: as before."""
    key: str | None = None
    """The idempotency key: the same again makes no second new job."""
    accepts_retried: bool = True
    """Also if it was submitted again before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A new job that is stored, durably."""

    job: Job
    is_duplicate: bool
    """The same was asked for before under the same key, and nothing new was stored."""


async def retry(
    job_id: int,
    again: Again,
    *,
    actor: str,
    database: Database,
    blobs: Blobs,
    catalog: Catalog,
    clock: Clock,
    wake: Callable[[], None],
) -> Retried:
    """Submit a job again.

    Raises:
        JobNotFoundError: there is no such job.
        WrongStateError: it has not ended, or not so that it could end better.
        PayloadGoneError: its files are gone.
        RetriedError: it was submitted again before, and that is not to be repeated.
        UnknownServiceError: its service is.
        IdempotencyError: the key was used for something else.
        DiskFullError: the server takes no new work at present.
    """
    blobs.room.demand_for_work()

    def work(transaction: Transaction) -> Retried:
        job = jobs.find(transaction.connection, job_id)
        return retry_one(transaction, job, again, actor=actor, catalog=catalog, now=clock.now())

    retried = await database.write(work)
    wake()
    return retried


def retry_one(
    transaction: Transaction,
    job: Job,
    again: Again,
    *,
    actor: str,
    catalog: Catalog,
    now: datetime,
) -> Retried:
    """Submit a job again, in a transaction of the caller's; raises what :func:`retry` does."""
    fingerprint = Fingerprint(
        text=f"retry of {job.id} {said(again)}",
        former=f"retry of {job.id} {formerly_said(again, FORMER)}",
    )
    if found := _found(transaction, job, again.key, fingerprint):
        return Retried(job=found, is_duplicate=True)
    _demand_retriable(transaction, job, again)
    (new,) = jobs.add(
        transaction,
        [_anew(transaction, job, again, catalog)],
        payload_id=job.payload_id,
        batch_id=None,
        actor=actor,
        at=now,
    )
    events.record_fact(
        transaction, job, JobFact.RETRIED, actor=actor, at=now, detail={"job": new.id}
    )
    if again.key:
        what = Earlier(fingerprint=fingerprint.text, first_job_id=new.id, jobs=1)
        submissions.remember(transaction, job.user_id, again.key, what, at=now)
    return Retried(job=new, is_duplicate=False)


def _found(
    transaction: Transaction, job: Job, key: str | None, fingerprint: Fingerprint
) -> Job | None:
    """Return the job that the same request made before."""
    earlier = submissions.earlier(transaction.connection, job.user_id, key) if key else None
    if earlier is None:
        return None
    if not fingerprint.is_of(earlier.fingerprint):
        raise IdempotencyError(str(key))
    return jobs.find(transaction.connection, earlier.first_job_id)


def _demand_retriable(transaction: Transaction, job: Job, again: Again) -> None:
    may_be_completed = {JobState.COMPLETED} if again.accepts_completed else frozenset()
    if job.state not in RETRIABLE | may_be_completed:
        raise WrongStateError(job.id, job.state.value, "retry", hint=HINTS.get(job.state))
    if not again.accepts_retried and (made := _made_of(transaction, job)):
        raise RetriedError(job.id, made)
    if not submissions.has_payload(transaction.connection, job.payload_id):
        raise PayloadGoneError(job.id)


def _made_of(transaction: Transaction, job: Job) -> int | None:
    """Return the last job that this one was submitted again as."""
    told = events.newest_fact(transaction.connection, job.id, JobFact.RETRIED)
    return told.detail.get("job") if told else None


def _anew(transaction: Transaction, job: Job, again: Again, catalog: Catalog) -> NewJob:
    """Ask for the same once more, within what the service allows now."""
    service = catalog.get(job.service)
    return NewJob(
        user_id=job.user_id,
        service=job.service,
        name=job.name,
        priority=job.priority if again.priority is None else again.priority,
        tags={**job.tags, RETRY_OF: str(job.id)},
        env={**job.env, **_place(transaction, job)},
        demand=job.demand,
        time_limit=_least(job.time_limit, service.time_limit),
        max_attempts=min(job.max_attempts, service.max_attempts),
    )


def _place(transaction: Transaction, job: Job) -> dict[str, str]:
    """Say which job of its batch it was: a script that looks there finds the same again.

    The new job is not of the batch, all of whose jobs were there from the beginning.
    """
    if job.batch_id is None:
        return {}
    count = submissions.batch_size(transaction.connection, job.batch_id)
    return {"JOBORCH_ARRAY_INDEX": str(job.array_index), "JOBORCH_ARRAY_COUNT": str(count)}


def _least(first: timedelta | None, second: timedelta | None) -> timedelta | None:
    return min((limit for limit in (first, second) if limit), default=None)
