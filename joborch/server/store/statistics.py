"""What happened in a stretch of time, counted by SQLite from two indices, not row by row.

The cost grows with the jobs of that stretch, not with all that there ever were.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    func,
    select,
    type_coerce,
)

from joborch.domain.states import JobState
from joborch.server.store.tables import EPOCH, EVERYBODY, GATE_MEMBERS, JOBS, USAGE, is_queued

PERCENTS = (50, 95, 99)
MICROSECOND = timedelta(microseconds=1)
RAN = (JobState.COMPLETED, JobState.FAILED, JobState.TIMED_OUT)
"""How jobs end that ran for as long as they wanted, or were allowed."""

Counts = dict[tuple[int, str], int]
"""How many jobs ended, by the number of their bucket and how they did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of time that lasts until now, in buckets of equal length."""

    since: datetime
    bucket: timedelta
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How many there are of some durations, and their percentiles in seconds, if any."""

    count: int
    percentiles_s: tuple[float, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many jobs there are now that have not ended."""

    queued: int
    """Those that are held not counted."""
    after: int
    """So many of them wait for other jobs."""
    held: int
    active: int


def stretch_until(
    now: datetime, *, bucket: timedelta, buckets: int, service: str | None
) -> Stretch:
    """Return the stretch whose last bucket holds ``now``; all begin at multiples of their length.

    So a bucket's counts do not move to its neighbour from one look to the next.
    """
    since = now - (now - EPOCH) % bucket - (buckets - 1) * bucket
    return Stretch(since=since, bucket=bucket, service=service)


def submitted(connection: Connection, stretch: Stretch) -> dict[int, int]:
    """Count submissions, by the number of their bucket."""
    bucket = _bucket(JOBS.c.submitted_at, stretch)
    query = select(bucket, func.count()).where(JOBS.c.submitted_at >= stretch.since)
    if stretch.service is not None:
        query = query.where(JOBS.c.service == stretch.service)
    rows = connection.execute(query.group_by(bucket))
    return {row[0]: row[1] for row in rows}


def ended(connection: Connection, stretch: Stretch) -> Counts:
    """Count the jobs that ended."""
    bucket = _bucket(JOBS.c.finished_at, stretch)
    query = select(bucket, JOBS.c.state, func.count()).where(_ended(connection, stretch))
    rows = connection.execute(query.group_by(bucket, JOBS.c.state))
    return {(row[0], row[1]): row[2] for row in rows}


def first_start(connection: Connection, stretch: Stretch) -> datetime | None:
    """Return when the first of the jobs started that ended in the stretch."""
    query = select(func.min(JOBS.c.started_at)).where(_ended(connection, stretch))
    return connection.execute(query).scalar()


def waits(connection: Connection, stretch: Stretch) -> Times:
    """Return how long the jobs that ended had waited for their start."""
    has_started = and_(_ended(connection, stretch), JOBS.c.started_at.is_not(None))
    return _times(connection, JOBS.c.started_at, JOBS.c.submitted_at, has_started)


def runs(connection: Connection, stretch: Stretch) -> Times:
    """Return how long the jobs that ended had run."""
    has_run = and_(_ended(connection, stretch), JOBS.c.state.in_([s.value for s in RAN]))
    return _times(
        connection,
        JOBS.c.finished_at,
        JOBS.c.started_at,
        and_(has_run, JOBS.c.started_at.is_not(None)),
    )


def standing(connection: Connection, service: str | None) -> Standing:
    """Count the jobs that have not ended."""
    used = select(func.sum(USAGE.c.queued), func.sum(USAGE.c.active)).where(
        USAGE.c.user_id == EVERYBODY
    )
    is_held, is_gated = JOBS.c.held_at.is_not(None), JOBS.c.gate_id.is_not(None)
    counted = [
        select(func.count()).where(*which)
        for which in ((is_queued(JOBS), is_held), (is_gated, is_held), (is_gated, ~is_held))
    ]
    if service is not None:
        used = used.where(USAGE.c.service == service)
        counted = [each.where(JOBS.c.service == service) for each in counted]
    queued, active = connection.execute(used).one()
    in_line, at_gates, after = (connection.execute(each).scalar_one() for each in counted)
    held = in_line + at_gates
    return Standing(queued=max((queued or 0) - held, 0), after=after, held=held, active=active or 0)


def waiting_until(connection: Connection, service: str | None) -> dict[str, datetime | None]:
    """Return each service for which jobs wait that nobody holds, with the latest time of theirs."""
    found: dict[str, datetime | None] = {}
    # Two questions, since each has an index of its own.
    for waits in (is_queued(JOBS), JOBS.c.gate_id.is_not(None)):
        query = select(JOBS.c.service, func.max(JOBS.c.not_before)).where(
            waits, JOBS.c.held_at.is_(None)
        )
        if service is not None:
            query = query.where(JOBS.c.service == service)
        for name, latest in connection.execute(query.group_by(JOBS.c.service)):
            times = [at for at in (found.get(name), latest) if at is not None]
            found[name] = max(times, default=None)
    return found


def held_for_others(connection: Connection, service: str | None) -> int | None:
    """Return a job that is held while others wait for it that are not."""
    holder, waits = JOBS.alias("holder"), JOBS.alias("waits")
    query = (
        select(holder.c.id)
        .join(GATE_MEMBERS, GATE_MEMBERS.c.job_id == holder.c.id)
        .join(waits, waits.c.gate_id == GATE_MEMBERS.c.gate_id)
        .where(holder.c.held_at.is_not(None), waits.c.held_at.is_(None))
    )
    if service is not None:
        query = query.where(waits.c.service == service)
    return connection.execute(query.limit(1)).scalar()


def _ended(connection: Connection, stretch: Stretch) -> ColumnElement[bool]:
    """Name the services one by one: only so does SQLite go straight to the stretch in the index."""
    services = [stretch.service] if stretch.service else _services(connection)
    return and_(JOBS.c.service.in_(services), JOBS.c.finished_at >= stretch.since)


def _services(connection: Connection) -> list[str]:
    """Return the services that had jobs, stepping from one to the next in the index."""
    found: list[str] = []
    first = select(func.min(JOBS.c.service)).where(JOBS.c.finished_at.is_not(None))
    name = connection.execute(first).scalar()
    while name is not None:
        found.append(name)
        name = connection.execute(first.where(JOBS.c.service > name)).scalar()
    return found


def _bucket(moment: ColumnElement[Any], stretch: Stretch) -> ColumnElement[int]:
    since_us = (stretch.since - EPOCH) // MICROSECOND
    passed_us = type_coerce(moment, BigInteger) - since_us
    return passed_us // (stretch.bucket // MICROSECOND)


def _times(
    connection: Connection,
    end: ColumnElement[Any],
    begin: ColumnElement[Any],
    which: ColumnElement[bool],
) -> Times:
    """Find percentiles in SQLite: the rows need not come here, nor wait for Python."""
    took_us = type_coerce(end, BigInteger) - type_coerce(begin, BigInteger)
    sorted_ = (
        select(
            func.max(took_us, 0).label("took_us"),
            func.row_number().over(order_by=took_us).label("number"),
            func.count().over().label("all"),
        )
        .where(which)
        .subquery()
    )
    count = sorted_.c["all"]
    wanted = [(count * percent + 99) // 100 for percent in PERCENTS]
    query = select(sorted_.c.took_us, sorted_.c.number, count).where(sorted_.c.number.in_(wanted))
    rows = connection.execute(query).all()
    if not rows:
        return Times(count=0, percentiles_s=None)
    by_number = {row.number: row.took_us / 1e6 for row in rows}
    total = rows[0][2]
    ranks = [(total * percent + 99) // 100 for percent in PERCENTS]
    return Times(count=total, percentiles_s=tuple(by_number[rank] for rank in ranks))
