"""Quotas that operators set for single users. How they are kept is the business of the usage."""

from sqlalchemy import ColumnElement, Connection, FromClause, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from joborch.domain.quotas import Override, Overrides
from joborch.server.store.database import Transaction
from joborch.server.store.tables import OVERRIDES


def put(transaction: Transaction, override: Override) -> None:
    """Store an override in the place of an earlier one; one that says nothing is removed."""
    row = (OVERRIDES.c.service == override.service) & (OVERRIDES.c.user_id == override.user_id)
    transaction.connection.execute(delete(OVERRIDES).where(row))
    if override.running is None and override.queued is None:
        return
    transaction.connection.execute(
        insert(OVERRIDES).values(
            service=override.service,
            user_id=override.user_id,
            running=override.running,
            queued=override.queued,
            at=override.at,
            actor=override.actor,
        )
    )


def find(connection: Connection, service: str, user_id: str) -> Override | None:
    """Return what an operator set for a user of a service, if anything."""
    query = select(OVERRIDES).where(OVERRIDES.c.service == service, OVERRIDES.c.user_id == user_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else Override(**row._mapping)


def every(connection: Connection) -> Overrides:
    """Return all overrides."""
    rows = connection.execute(select(OVERRIDES))
    return {(row.service, row.user_id): Override(**row._mapping) for row in rows}


def most_active(users: FromClause, per_user: int) -> ColumnElement[int]:
    """Return, for statements, how many jobs each user may have active, ``per_user`` as a rule."""
    own = select(OVERRIDES.c.running).where(
        OVERRIDES.c.service == users.c.service, OVERRIDES.c.user_id == users.c.user_id
    )
    return func.coalesce(own.scalar_subquery(), per_user)
