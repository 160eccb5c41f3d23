"""Pages of jobs: filters, sorting and cursors."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
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
from joborch.domain.sorting import SortKey, parse_sort
from joborch.domain.states import JobState
from joborch.server.store.filtering import passing
from joborch.server.store.jobs import job_from
from joborch.server.store.tables import EPOCH, JOBS, Instant

SORTED_BY: Mapping[str, ColumnElement[Any]] = {
    "id": JOBS.c.id,
    "submitted_at": JOBS.c.submitted_at,
    "finished_at": func.coalesce(JOBS.c.finished_at, literal(EPOCH, Instant)),
    "priority": JOBS.c.priority,
    "state": JOBS.c.state,
    "user": JOBS.c.user_id,
    "service": JOBS.c.service,
    "name": JOBS.c.name,
}
"""A column for each of :data:`joborch.domain.sorting.KEYS`."""


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
    """Keys with commas between them, each with ``-`` in front for descending."""
    limit: int = 50
    cursor: str | None = None


def page(connection: Connection, query: JobQuery) -> tuple[list[Job], int, str | None]:
    """Return a page of jobs, how many there are in all, and the cursor of the next page.

    Raises:
        InvalidRequestError: unknown sort key or a cursor that is not of this query.
    """
    order = _order(query)
    matches = and_(true(), *conditions(query))
    total = connection.execute(select(func.count()).select_from(JOBS).where(matches)).scalar_one()
    statement = select(JOBS).where(matches)
    if query.cursor is not None:
        statement = statement.where(_behind(order, _read_cursor(query, order)))
    statement = statement.order_by(*(place.direction for place in order))
    rows = connection.execute(statement.limit(query.limit + 1)).all()
    jobs = [job_from(row) for row in rows[: query.limit]]
    has_more = len(rows) > query.limit
    following = _cursor(query, order, rows[query.limit - 1]) if has_more else None
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


@dataclass(frozen=True, slots=True)
class _Place:
    """What one key of the order means to the database."""

    key: SortKey

    @property
    def column(self) -> ColumnElement[Any]:
        return SORTED_BY[self.key.name]

    def value(self, row: Row[Any]) -> Any:
        name = "user_id" if self.key.name == "user" else self.key.name
        found = getattr(row, name)
        return EPOCH if found is None else found

    @property
    def direction(self) -> ColumnElement[Any]:
        return self.column.desc() if self.key.is_descending else self.column.asc()

    def beyond(self, value: Any) -> ColumnElement[bool]:
        found: ColumnElement[bool]
        found = self.column < value if self.key.is_descending else self.column > value
        return found


def _order(query: JobQuery) -> list[_Place]:
    try:
        return [_Place(key) for key in parse_sort(query.sort)]
    except ValueError as error:
        raise InvalidRequestError(f"sort: {error}") from None


def _behind(order: Sequence[_Place], values: Sequence[Any]) -> ColumnElement[bool]:
    """Return what holds of the jobs behind those values: the first key that differs decides."""
    deciding = []
    same: list[ColumnElement[bool]] = []
    for place, value in zip(order, values, strict=True):
        deciding.append(and_(*same, place.beyond(value)))
        same.append(place.column == value)
    return or_(*deciding)


def _cursor(query: JobQuery, order: Sequence[_Place], row: Row[Any]) -> str:
    values = [_plain(place.value(row)) for place in order]
    text = json.dumps([query.sort, *values])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return value


def _read_cursor(query: JobQuery, order: Sequence[_Place]) -> list[Any]:
    try:
        sort, *values = json.loads(base64.urlsafe_b64decode(f"{query.cursor}==="))
        if sort == query.sort:
            pairs = zip(order, values, strict=True)
            return [_stored(value, place.column.type) for place, value in pairs]
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
