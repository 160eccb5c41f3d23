"""Services that start no jobs."""

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from joborch.domain.services import Pause
from joborch.server.store.database import Transaction
from joborch.server.store.tables import PAUSES


def add(transaction: Transaction, pause: Pause) -> None:
    """Store a pause; the one that a service has already stays as it is."""
    values = {"service": pause.service, "at": pause.at, "actor": pause.actor}
    statement = insert(PAUSES).values(**values, reason=pause.reason)
    transaction.connection.execute(statement.on_conflict_do_nothing())


def remove(transaction: Transaction, service: str) -> None:
    """End a service's pause, if it has one."""
    transaction.connection.execute(delete(PAUSES).where(PAUSES.c.service == service))


def every(connection: Connection) -> dict[str, Pause]:
    """Return all pauses, by service."""
    rows = connection.execute(select(PAUSES))
    return {row.service: Pause(**row._mapping) for row in rows}
