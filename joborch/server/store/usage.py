"""The counters behind the quotas, moved in the same transaction as the states they count.

There is a row for each user of a service and one, of nobody, for all users together. A slot is
gained by an ``UPDATE … WHERE active < limit`` that changes one row; counting jobs instead would
let two transactions take the same slot.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from joborch.domain.errors import ConflictError, QueueFullError
from joborch.domain.jobs import Job, JobChange
from joborch.domain.quotas import Limits, Usage
from joborch.domain.states import ACTIVE, JobState
from joborch.server.store import overrides
from joborch.server.store.database import Transaction
from joborch.server.store.tables import BATCHES, EVERYBODY, JOBS, USAGE


class NoSlotError(ConflictError):
    """A quota is used up; the job was not assigned."""

    code = "no_slot"


def add_queued(transaction: Transaction, service: str, user_id: str, jobs: int) -> None:
    """Count ``jobs`` new jobs as waiting; makes the counter rows where there are none.

    Raises:
        QueueFullError: that is more than an operator allows the user. The caller rolls back.
    """
    _demand_room(transaction.connection, service, user_id, jobs)
    for user in (user_id, EVERYBODY):
        statement = insert(USAGE).values(service=service, user_id=user, queued=jobs, active=0)
        transaction.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["service", "user_id"], set_={"queued": USAGE.c.queued + jobs}
            )
        )


def drop_queued(transaction: Transaction, waiting: Iterable[tuple[str, str]]) -> None:
    """Count jobs that waited as ended, each of them named by its service and user."""
    for (service, user_id), jobs in Counter(waiting).items():
        for user in (user_id, EVERYBODY):
            row = (service, user)
            _count(transaction, row, queued=-jobs, active=0, limit=None, served_at=None)


def move(transaction: Transaction, change: JobChange, limits: Limits | None = None) -> None:
    """Move the counters as ``change`` moves the job.

    Raises:
        NoSlotError: the change needs a slot and there is none within ``limits``. The caller
            rolls back: some of the counters have been moved.
    """
    job = change.after
    queued = (job.state is JobState.QUEUED) - (change.before.state is JobState.QUEUED)
    active = job.state.is_active - change.before.state.is_active
    if not queued and not active:
        return
    bounds = limits or Limits()
    served_at = change.at if active > 0 else None
    for user_id, limit in ((job.user_id, bounds.per_user), (EVERYBODY, bounds.total)):
        _count(
            transaction,
            (job.service, user_id),
            queued=queued,
            active=active,
            limit=limit,
            served_at=served_at,
        )
    if job.batch_id is not None and active:
        _count_batch(transaction, job, active)


def all_usage(connection: Connection) -> dict[tuple[str, str], Usage]:
    """Return the counters of all who have work, by (service, user); no totals."""
    rows = connection.execute(
        select(USAGE).where(
            USAGE.c.user_id != EVERYBODY, (USAGE.c.active > 0) | (USAGE.c.queued > 0)
        )
    )
    return {(row.service, row.user_id): _usage(row) for row in rows}


def totals(connection: Connection) -> dict[str, Usage]:
    """Return each service's counters over all users."""
    rows = connection.execute(select(USAGE).where(USAGE.c.user_id == EVERYBODY))
    return {row.service: _usage(row) for row in rows}


def recount(transaction: Transaction) -> list[str]:
    """Compute the counters from the jobs again and mend those that differ; say which did."""
    counted = _counted(transaction.connection)
    stored = {
        (row.service, row.user_id): (row.active, row.queued)
        for row in transaction.connection.execute(select(USAGE))
    }
    wrong = {key for key, pair in counted.items() if stored.get(key) != pair}
    wrong |= {key for key, pair in stored.items() if key not in counted and pair != (0, 0)}
    for service, user_id in wrong:
        active, queued = counted.get((service, user_id), (0, 0))
        row = {"service": service, "user_id": user_id}
        transaction.connection.execute(delete(USAGE).filter_by(**row))
        transaction.connection.execute(insert(USAGE).values(**row, active=active, queued=queued))
    _recount_batches(transaction)
    return sorted(f"{service}/{user_id or '*'}" for service, user_id in wrong)


def _demand_room(connection: Connection, service: str, user_id: str, jobs: int) -> None:
    override = overrides.find(connection, service, user_id)
    if override is None or override.queued is None:
        return
    query = select(USAGE.c.queued).where(USAGE.c.service == service, USAGE.c.user_id == user_id)
    queued = connection.execute(query).scalar() or 0
    if queued + jobs > override.queued:
        raise QueueFullError(user_id, service, queued=queued, limit=override.queued, jobs=jobs)


def _count(
    transaction: Transaction,
    row: tuple[str, str],
    *,
    queued: int,
    active: int,
    limit: int | None,
    served_at: datetime | None,
) -> None:
    service, user_id = row
    values: dict[str, Any] = {"queued": USAGE.c.queued + queued, "active": USAGE.c.active + active}
    if served_at is not None:
        values["served_at"] = served_at
    statement = (
        update(USAGE).where(USAGE.c.service == service, USAGE.c.user_id == user_id).values(**values)
    )
    if active > 0 and limit is not None:
        statement = statement.where(USAGE.c.active < limit)
    if transaction.connection.execute(statement).rowcount != 1:
        raise NoSlotError(f"no slot of {service} is free for {user_id or 'anybody'}")


def _count_batch(transaction: Transaction, job: Job, active: int) -> None:
    statement = (
        update(BATCHES).where(BATCHES.c.id == job.batch_id).values(active=BATCHES.c.active + active)
    )
    if active > 0:
        room = BATCHES.c.at_once.is_(None) | (BATCHES.c.active < BATCHES.c.at_once)
        statement = statement.where(room)
    if transaction.connection.execute(statement).rowcount != 1:
        raise NoSlotError(f"batch b-{job.batch_id} has as many active jobs as it may")


def _counted(connection: Connection) -> dict[tuple[str, str], tuple[int, int]]:
    active = func.sum(JOBS.c.agent_id.is_not(None).cast(USAGE.c.active.type))
    rows = connection.execute(
        select(JOBS.c.service, JOBS.c.user_id, active, func.count())
        .where(JOBS.c.finished_at.is_(None))
        .group_by(JOBS.c.service, JOBS.c.user_id)
    )
    counted: dict[tuple[str, str], tuple[int, int]] = {}
    for service, user_id, held, all_jobs in rows:
        for user in (user_id, EVERYBODY):
            was_active, was_queued = counted.get((service, user), (0, 0))
            counted[service, user] = (was_active + held, was_queued + all_jobs - held)
    return counted


def _recount_batches(transaction: Transaction) -> None:
    held = (
        select(func.count())
        .where(JOBS.c.batch_id == BATCHES.c.id, JOBS.c.state.in_([s.value for s in ACTIVE]))
        .scalar_subquery()
    )
    transaction.connection.execute(
        update(BATCHES).where(BATCHES.c.active != held).values(active=held)
    )


def _usage(row: Row[Any]) -> Usage:
    return Usage(
        service=row.service,
        user_id=row.user_id,
        active=row.active,
        queued=row.queued,
        served_at=row.served_at,
    )
