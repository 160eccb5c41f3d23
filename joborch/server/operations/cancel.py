"""End a job at somebody's request."""

from collections.abc import Callable
from datetime import datetime

from joborch.domain.actors import called
from joborch.domain.errors import WrongStateError
from joborch.domain.jobs import Job
from joborch.domain.states import JobEvent, JobFact, JobState
from joborch.process.clock import Clock
from joborch.server.live.presence import Roll
from joborch.server.store import jobs
from joborch.server.store.database import Database, Transaction
from joborch.wire.agents import CancelOrder


async def cancel(
    job_id: int,
    *,
    actor: str,
    reason: str | None = None,
    grace_s: float | None = None,
    database: Database,
    roll: Roll,
    clock: Clock,
    wake: Callable[[], None],
) -> Job:
    """Cancel a job: at once if it waits, else its agent is asked; durable when this returns.

    Asking again for a job whose agent has been asked changes nothing.

    Raises:
        JobNotFoundError: there is no such job.
        WrongStateError: it has ended; what it ended as stays.
    """

    def work(transaction: Transaction) -> Job:
        job = jobs.find(transaction.connection, job_id)
        return cancel_one(transaction, job, actor=actor, reason=reason, now=clock.now())

    job = await database.write(work)
    tell_agent(job, grace_s=grace_s, roll=roll)
    wake()  # others may have waited for its end
    return job


def tell_agent(job: Job, *, grace_s: float | None, roll: Roll) -> None:
    """Tell the agent that holds a job, if one does and is there, that it is to end."""
    present = roll.get(job.agent_id)
    if present is not None:
        present.cancel(CancelOrder(job_id=job.id, attempt=job.attempt, grace_s=grace_s))


def cancel_one(
    transaction: Transaction, job: Job, *, actor: str, reason: str | None, now: datetime
) -> Job:
    """Cancel a job, in a transaction of the caller's; its agent is still to be told.

    Raises:
        WrongStateError: it has ended.
    """
    if job.state.is_terminal:
        raise WrongStateError(job.id, job.state.value, "cancel")
    note = f"cancelled by {called(actor)}"
    if reason:
        note = f"{note}: {reason}"
    if job.state is JobState.QUEUED:
        change = job.after(JobEvent.CANCEL, at=now, note=note)
        jobs.move(transaction, change, actor=actor, cancel_requested_at=now)
    elif job.cancel_requested_at is None:
        jobs.note(
            transaction,
            job,
            JobFact.CANCEL_REQUESTED,
            actor=actor,
            at=now,
            cancel_requested_at=now,
            reason=note,
        )
    return jobs.find(transaction.connection, job.id)
