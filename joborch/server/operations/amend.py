"""Change what was asked for, of a job that still waits."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from joborch.domain.amendments import KEPT, Amendment, differences
from joborch.domain.errors import AttemptedError, InvalidRequestError
from joborch.domain.jobs import Job
from joborch.domain.states import JobFact
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.operations.hold import demand_waiting
from joborch.server.store import jobs
from joborch.server.store.database import Database, Transaction


async def amend(
    job_id: int,
    amendment: Amendment,
    *,
    actor: str,
    database: Database,
    catalog: Catalog,
    clock: Clock,
    wake: Callable[[], None],
) -> Job:
    """Give a waiting job new values: all of them, or none.

    Raises:
        JobNotFoundError: there is no such job.
        WrongStateError: it does not wait (any more).
        AttemptedError: it was attempted, and so cannot be put off.
        InvalidRequestError: the service does not allow such a time limit.
    """

    def work(transaction: Transaction) -> Job:
        job = jobs.find(transaction.connection, job_id)
        return amend_one(transaction, job, amendment, actor=actor, catalog=catalog, now=clock.now())

    amended = await database.write(work)
    wake()
    return amended


def amend_one(
    transaction: Transaction,
    job: Job,
    amendment: Amendment,
    *,
    actor: str,
    catalog: Catalog,
    now: datetime,
) -> Job:
    """Amend a job, in a transaction of the caller's; raises what :func:`amend` does."""
    demand_waiting(job, "set")
    new = amendment.of(job)
    if amendment.time_limit is not KEPT:
        new = _within_service(new, catalog)
    different = differences(job, new)
    if not different:
        return job
    if job.attempt and "not_before" in different:
        # What stands there then is the pause after a host's failure, and no longer than that.
        raise AttemptedError(job.id)
    jobs.note(
        transaction,
        job,
        JobFact.CHANGED,
        actor=actor,
        at=now,
        detail=different,
        priority=new.priority,
        name=new.name,
        tags=dict(new.tags),
        time_limit_s=new.time_limit.total_seconds() if new.time_limit else None,
        not_before=new.not_before,
    )
    return jobs.find(transaction.connection, job.id)


def _within_service(job: Job, catalog: Catalog) -> Job:
    """Hold the time limit against the service's, which is also the default."""
    most = catalog.get(job.service).time_limit
    if job.time_limit and most and job.time_limit > most:
        raise InvalidRequestError(
            f"time_limit: {job.service} allows at most {most.total_seconds():.0f} s"
        )
    return replace(job, time_limit=job.time_limit or most)
