"""Count jobs by what they have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from joborch.server.store.listing import JobQuery, conditions
from joborch.server.store.tables import JOBS

KEYS: Mapping[str, ColumnElement[Any]] = {
    "user": JOBS.c.user_id,
    "service": JOBS.c.service,
    "state": JOBS.c.state,
    "agent": JOBS.c.last_agent_id,
    "reason": JOBS.c.reason,
    "batch": JOBS.c.batch_id,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Jobs with the same value in a column."""

    value: str | int | None
    count: int
    first_id: int
    last_id: int
    latest_at: datetime


def counts(connection: Connection, by: str, query: JobQuery, *, limit: int) -> list[Count]:
    """Return the largest groups of the jobs that match, the largest first."""
    key = KEYS[by]
    count = func.count()
    statement = (
        select(
            key.label("value"),
            count.label("count"),
            func.min(JOBS.c.id).label("first_id"),
            func.max(JOBS.c.id).label("last_id"),
            func.max(func.coalesce(JOBS.c.finished_at, JOBS.c.submitted_at)).label("latest_at"),
        )
        .where(*conditions(query))
        .group_by(key)
        .order_by(count.desc(), key)
        .limit(limit)
    )
    return [Count(**row) for row in connection.execute(statement).mappings()]


def total(connection: Connection, query: JobQuery) -> int:
    """Return how many jobs match."""
    statement = select(func.count()).select_from(JOBS).where(*conditions(query))
    return connection.execute(statement).scalar_one()
