"""Do one thing to many jobs: to each of them wholly or not at all, in few transactions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from joborch.domain.errors import JobNotFoundError, JoborchError
from joborch.domain.jobs import Job
from joborch.process.clock import Clock
from joborch.server.blobs import Blobs
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.operations.amend import amend_one
from joborch.server.operations.cancel import cancel_one, tell_agent
from joborch.server.operations.hold import hold_one, release_one
from joborch.server.operations.retry import Again, retry_one
from joborch.server.store import jobs
from joborch.server.store.database import Database, Transaction
from joborch.wire.actions import (
    ActionResult,
    CancelJobs,
    HoldJobs,
    JobAction,
    ReleaseJobs,
    RetryJobs,
    SetJobs,
    action_error,
    amendment_of,
)

AT_ONCE = 100
"""So many jobs share a transaction: agents' messages wait no longer than that takes."""

Deed = Callable[[Transaction, Job], Job]
"""What is done to one job. Returns the job as it is then, or the new one that was made of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one of the jobs."""

    job_id: int
    before: Job | None = None
    """The job as it was; None if there is none of this id."""
    after: Job | None = None
    """What the deed returned; None if it was refused."""
    error: JoborchError | None = None


async def act(
    action: JobAction,
    *,
    key: str | None,
    actor: str,
    database: Database,
    blobs: Blobs,
    catalog: Catalog,
    roll: Roll,
    clock: Clock,
    wake: Callable[[], None],
) -> list[ActionResult]:
    """Do it to each of the jobs, each once, and say in their order what became of it.

    It is durable when this returns. The newest are cancelled first: a job that waits for others is
    newer than they, and if they went first it would be cancelled for want of them.

    What is refused for one leaves that one as it was, and does not concern the others. ``key`` is
    an idempotency key: under it, no job is submitted again twice.

    Raises:
        InvalidRequestError: the action makes no sense for any job.
        DiskFullError: jobs were to be submitted again, and the server takes no new work at present.
    """
    if isinstance(action, RetryJobs):
        blobs.room.demand_for_work()
    deed = _deed(action, key=key, actor=actor, catalog=catalog, clock=clock)
    results: dict[int, ActionResult] = {}
    wanted = [*dict.fromkeys(action.ids)]
    in_turn = sorted(wanted, reverse=True) if isinstance(action, CancelJobs) else wanted
    for ids in _portions(in_turn):
        outcomes = await database.write(partial(try_each, job_ids=ids, deed=deed))
        if isinstance(action, CancelJobs):
            _tell_agents(outcomes, grace_s=action.grace_s, roll=roll)
        wake()
        results |= {outcome.job_id: _result(outcome) for outcome in outcomes}
    return [results[job_id] for job_id in wanted]


def _deed(
    action: JobAction, *, key: str | None, actor: str, catalog: Catalog, clock: Clock
) -> Deed:
    match action:
        case CancelJobs(reason=reason):
            return lambda t, job: cancel_one(t, job, actor=actor, reason=reason, now=clock.now())
        case HoldJobs():
            return lambda t, job: hold_one(t, job, actor=actor, now=clock.now())
        case ReleaseJobs():
            return lambda t, job: release_one(t, job, actor=actor, now=clock.now())
        case SetJobs(changes=changes):
            amendment = amendment_of(changes)
            return lambda t, job: amend_one(
                t, job, amendment, actor=actor, catalog=catalog, now=clock.now()
            )
        case RetryJobs():
            return lambda t, job: (
                retry_one(
                    t, job, _again(action, job, key), actor=actor, catalog=catalog, now=clock.now()
                ).job
            )
        case _:
            assert_never(action)


def _again(action: RetryJobs, job: Job, key: str | None) -> Again:
    """Give each job a key of its own, so that a part of the same ids again is no other request."""
    return Again(
        accepts_completed=action.completed,
        priority=action.priority,
        key=f"{key}#{job.id}" if key else None,
        accepts_retried=action.again,
    )


def _portions(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]


def try_each(transaction: Transaction, job_ids: list[int], deed: Deed) -> list[Outcome]:
    """Do it to each job; what a deed did before it was refused is undone."""
    return [_tried(transaction, job_id, deed) for job_id in job_ids]


def _tried(transaction: Transaction, job_id: int, deed: Deed) -> Outcome:
    try:
        job = jobs.find(transaction.connection, job_id)
    except JobNotFoundError as error:
        return Outcome(job_id=job_id, error=error)
    try:
        with transaction.savepoint():
            return Outcome(job_id=job_id, before=job, after=deed(transaction, job))
    except JoborchError as error:
        return Outcome(job_id=job_id, before=job, error=error)


def _tell_agents(outcomes: list[Outcome], *, grace_s: float | None, roll: Roll) -> None:
    for outcome in outcomes:
        if outcome.after is not None:
            tell_agent(outcome.after, grace_s=grace_s, roll=roll)


def _result(outcome: Outcome) -> ActionResult:
    after = outcome.after
    is_new = after is not None and after.id != outcome.job_id
    job = outcome.before if after is None or is_new else after
    return ActionResult(
        id=outcome.job_id,
        ok=outcome.error is None,
        state=job.state.value if job else None,
        new_id=after.id if after is not None and is_new else None,
        error=action_error(outcome.error) if outcome.error else None,
    )
