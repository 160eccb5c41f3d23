"""The lines of one service: who waits, who holds slots and since when, and for how long jobs did.

Jobs that are held, or whose time has not come, stand in no line: others go before them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, func, select, type_coerce

from joborch.domain.jobs import Job
from joborch.server.store.statistics import RAN
from joborch.server.store.tables import BATCHES, JOBS, is_queued, stands_in_line

HISTORY = 200

Groups = list[tuple[int, int]]
"""Priorities, highest first, and how many jobs of each wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A job that holds a slot."""

    job_id: int
    service: str
    user_id: str
    agent_id: str
    batch_id: int | None
    since: datetime


def history_s(connection: Connection, service: str) -> list[float]:
    """Return for how long the newest jobs that ended by themselves had held their slots."""
    took_us = type_coerce(JOBS.c.finished_at, BigInteger) - type_coerce(
        JOBS.c.assigned_at, BigInteger
    )
    query = select(func.max(took_us, 0)).where(
        JOBS.c.service == service,
        JOBS.c.finished_at.is_not(None),
        JOBS.c.state.in_([state.value for state in RAN]),
        JOBS.c.started_at.is_not(None),
    )
    newest = query.order_by(JOBS.c.finished_at.desc()).limit(HISTORY)
    return [us / 1e6 for us in connection.execute(newest).scalars()]


def holders(connection: Connection, service: str | None = None) -> list[Holder]:
    """Return the jobs that hold slots, of one service or all, oldest first."""
    query = select(
        JOBS.c.id.label("job_id"),
        *(JOBS.c.service, JOBS.c.user_id, JOBS.c.agent_id, JOBS.c.batch_id),
        JOBS.c.assigned_at.label("since"),
    ).where(JOBS.c.agent_id.is_not(None))
    if service is not None:
        query = query.where(JOBS.c.service == service)
    found = [Holder(**row._mapping) for row in connection.execute(query)]
    return sorted(found, key=lambda holder: holder.job_id)


def waiting(connection: Connection, service: str, now: datetime) -> dict[str, Groups]:
    """Return each user's line."""
    lines: dict[str, Groups] = {}
    for user_id, priority, jobs in _counted(connection, JOBS.c.service == service, now):
        lines.setdefault(user_id, []).append((priority, jobs))
    return lines


def up_to(connection: Connection, job: Job, now: datetime) -> Groups:
    """Return the job's own line, with the job as its last, be it in the line or not."""
    before = (JOBS.c.priority > job.priority) | (
        (JOBS.c.priority == job.priority) & (JOBS.c.id < job.id)
    )
    own = (JOBS.c.service == job.service) & (JOBS.c.user_id == job.user_id)
    ahead = [(priority, jobs) for _, priority, jobs in _counted(connection, own & before, now)]
    return [*ahead, (job.priority, 1)]


def places(connection: Connection, submitted: Sequence[Job], now: datetime) -> dict[int, int]:
    """Return the places, from 1, of those of one submission's jobs that stand in their line."""
    first, last = submitted[0], submitted[-1]
    order = (JOBS.c.priority.desc(), JOBS.c.id)
    line = select(JOBS.c.id, func.row_number().over(order_by=order).label("place")).where(
        JOBS.c.service == first.service,
        JOBS.c.user_id == first.user_id,
        is_queued(JOBS),
        stands_in_line(JOBS, now),
    )
    placed = line.subquery()
    query = select(placed.c.id, placed.c.place).where(placed.c.id.between(first.id, last.id))
    return {row.id: row.place for row in connection.execute(query)}


def own_limit(connection: Connection, job: Job) -> int | None:
    """Return how many of the job's batch may be active at once, None if there is no limit."""
    query = select(BATCHES.c.at_once).where(BATCHES.c.id == job.batch_id)
    return None if job.batch_id is None else connection.execute(query).scalar()


def is_alone(connection: Connection, job: Job) -> bool:
    """Whether all that its user has of the service is of the job's batch."""
    others = select(JOBS.c.id).where(
        JOBS.c.service == job.service,
        JOBS.c.user_id == job.user_id,
        JOBS.c.batch_id.is_distinct_from(job.batch_id),
    )
    queued = connection.execute(others.where(is_queued(JOBS)).limit(1)).first()
    active = connection.execute(others.where(JOBS.c.agent_id.is_not(None)).limit(1)).first()
    return queued is None and active is None


def _counted(connection: Connection, which: ColumnElement[bool], now: datetime) -> list[Any]:
    query = select(JOBS.c.user_id, JOBS.c.priority, func.count()).where(
        which, is_queued(JOBS), stands_in_line(JOBS, now)
    )
    grouped = query.group_by(JOBS.c.user_id, JOBS.c.priority)
    return [*connection.execute(grouped.order_by(JOBS.c.user_id, JOBS.c.priority.desc()))]
