"""Keep a waiting job from starting, and let it go again."""

from collections.abc import Callable
from datetime import datetime

from joborch.domain.errors import WrongStateError
from joborch.domain.jobs import Job
from joborch.domain.states import JobFact, JobState
from joborch.process.clock import Clock
from joborch.server.store import jobs
from joborch.server.store.database import Database, Transaction


async def hold(job_id: int, *, actor: str, database: Database, clock: Clock) -> Job:
    """Hold a job: until it is released it is given to no agent. A held one stays as it is.

    Raises:
        JobNotFoundError: there is no such job.
        WrongStateError: it does not wait (any more).
    """

    def work(transaction: Transaction) -> Job:
        job = jobs.find(transaction.connection, job_id)
        return hold_one(transaction, job, actor=actor, now=clock.now())

    return await database.write(work)


async def release(
    job_id: int, *, actor: str, database: Database, clock: Clock, wake: Callable[[], None]
) -> Job:
    """Release a held job into its place in the line. One that is not held stays as it is.

    Raises:
        JobNotFoundError: there is no such job.
        WrongStateError: it does not wait (any more).
    """

    def work(transaction: Transaction) -> Job:
        job = jobs.find(transaction.connection, job_id)
        return release_one(transaction, job, actor=actor, now=clock.now())

    released = await database.write(work)
    wake()
    return released


def hold_one(transaction: Transaction, job: Job, *, actor: str, now: datetime) -> Job:
    """Hold a job, in a transaction of the caller's; raises what :func:`hold` does."""
    demand_waiting(job, "hold")
    if job.held_at is None:
        jobs.note(
            transaction, job, JobFact.HELD, actor=actor, at=now, held_at=now, hold_actor=actor
        )
    return jobs.find(transaction.connection, job.id)


def release_one(transaction: Transaction, job: Job, *, actor: str, now: datetime) -> Job:
    """Release a job, in a transaction of the caller's; raises what :func:`release` does."""
    demand_waiting(job, "release")
    if job.held_at is not None:
        jobs.note(transaction, job, JobFact.RELEASED, actor=actor, at=now, **jobs.NOT_HELD)
    return jobs.find(transaction.connection, job.id)


def demand_waiting(job: Job, wanted: str) -> None:
    """Refuse what can only be done to a job that waits.

    Raises:
        WrongStateError: it does not.
    """
    if job.state is not JobState.QUEUED:
        raise WrongStateError(job.id, job.state.value, wanted)
