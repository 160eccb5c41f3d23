"""Pages of jobs: filters, sorting and cursors."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.types import TypeEngine

from joborch.domain.errors import InvalidRequestError
from joborch.domain.filters import EVERYTHING, Filter
from joborch.domain.jobs import Job
from joborch.domain.states import JobState
from joborch.server.store.filtering import passing
from joborch.server.store.jobs import job_from
from joborch.server.store.tables import EPOCH, JOBS, Instant

SORT_KEYS: Mapping[str, ColumnElement[Any]] = {
    "id": JOBS.c.id,
    "submitted_at": JOBS.c.submitted_at,
    "finished_at": func.coalesce(JOBS.c.finished_at, literal(EPOCH, Instant)),
    "priority": JOBS.c.priority,
    "state": JOBS.c.state,
    "user": JOBS.c.user_id,
    "service": JOBS.c.service,
    "name": JOBS.c.name,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuery:
    """Which jobs, in which order; empty filters let everything through."""

    ids: tuple[int, ...] = ()
    users: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    states: frozenset[JobState] = frozenset()
    batch_id: int | None = None
    name: str | None = None
    """A glob: ``dock-*``."""
    tags: Mapping[str, str] = field(default_factory=dict)
    agent_ids: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    filter: Filter = EVERYTHING
    now: datetime = EPOCH
    """What the filter counts ages and running times from."""
    sort: str = "-id"
    limit: int = 50
    cursor: str | None = None


def page(connection: Connection, query: JobQuery) -> tuple[list[Job], int, str | None]:
    """Return a page of jobs, how many there are in all, and the cursor of the next page.

    Raises:
        InvalidRequestError: unknown sort key or a cursor that is not of this query.
    """
    matches = and_(true(), *conditions(query))
    total = connection.execute(select(func.count()).select_from(JOBS).where(matches)).scalar_one()
    statement = _sorted(select(JOBS, _key(query).label("sort_key")).where(matches), query)
    rows = connection.execute(statement.limit(query.limit + 1)).all()
    jobs = [job_from(row) for row in rows[: query.limit]]
    following = _cursor(query, rows[query.limit - 1]) if len(rows) > query.limit else None
    return jobs, total, following


def conditions(query: JobQuery) -> list[ColumnElement[bool]]:
    """Return what must hold of the jobs that are wanted, in SQL."""
    found: list[ColumnElement[bool]] = []
    for column, values in (
        (JOBS.c.id, query.ids),
        (JOBS.c.user_id, query.users),
        (JOBS.c.service, query.services),
        (JOBS.c.state, sorted(query.states)),
        (JOBS.c.last_agent_id, query.agent_ids),
    ):
        if values or (column is JOBS.c.last_agent_id and values is not None):
            found.append(column.in_(values))
    if query.batch_id is not None:
        found.append(JOBS.c.batch_id == query.batch_id)
    if query.name is not None:
        found.append(JOBS.c.name.op("GLOB")(query.name))
    for key, value in query.tags.items():
        found.append(JOBS.c.tags[key].as_string() == value)
    if query.since is not None:
        found.append(JOBS.c.submitted_at >= query.since)
    if query.until is not None:
        found.append(JOBS.c.submitted_at < query.until)
    return [*found, *passing(query.filter, now=query.now)]


def _key(query: JobQuery) -> ColumnElement[Any]:
    name = query.sort.removeprefix("-")
    if name not in SORT_KEYS:
        known = ", ".join(SORT_KEYS)
        raise InvalidRequestError(f"sort={query.sort!r}: there are {known}, with - for descending")
    return SORT_KEYS[name]


def _sorted(statement: Select[Any], query: JobQuery) -> Select[Any]:
    """Order by the key, then by id, and begin behind the cursor."""
    key, descending = _key(query), query.sort.startswith("-")
    if query.cursor is not None:
        value, job_id = _read_cursor(query)
        behind = key < value if descending else key > value
        beside = JOBS.c.id < job_id if descending else JOBS.c.id > job_id
        statement = statement.where(or_(behind, and_(key == value, beside)))
    if descending:
        return statement.order_by(key.desc(), JOBS.c.id.desc())
    return statement.order_by(key, JOBS.c.id)


def _cursor(query: JobQuery, row: Row[Any]) -> str:
    value = row.sort_key
    if isinstance(value, datetime):
        value = (value - EPOCH) // timedelta(microseconds=1)
    text = json.dumps([query.sort, value, row.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(query: JobQuery) -> tuple[Any, int]:
    try:
        sort, value, job_id = json.loads(base64.urlsafe_b64decode(f"{query.cursor}==="))
        if sort == query.sort:
            return _stored(value, _key(query).type), _whole(job_id)
    except (ValueError, TypeError, OverflowError):
        pass
    raise InvalidRequestError("cursor: take it from `next` of a page with the same `sort`")


def _stored(value: Any, kind: TypeEngine[Any]) -> Any:
    """Return a value that the database can compare with a column of this kind."""
    if isinstance(kind, Instant):
        return EPOCH + timedelta(microseconds=_whole(value))
    if isinstance(kind, Integer):
        return _whole(value)
    if not isinstance(value, str):
        raise TypeError("not a text")
    value.encode()  # what cannot be, cannot be asked for either
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or abs(value) >= 2**63:
        raise ValueError("not a whole number of 64 bits")
    return value
