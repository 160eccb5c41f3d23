"""Pages of everything that happened, to whichever jobs."""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, exists, select

from joborch.server.store import events
from joborch.server.store.listing import JobQuery, conditions
from joborch.server.store.tables import EVENTS, JOBS
from joborch.wire.events import EventPage

LONGEST_SPAN = 50_000
"""So many events are looked at for a page, as whoever is asked about may have few of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """Which events: of these jobs, between two events that do not count themselves."""

    before: int | None = None
    after: int | None = None
    limit: int = 1000
    jobs: JobQuery = field(default_factory=JobQuery)

    @property
    def is_forward(self) -> bool:
        """Whether the oldest come first: with ``after`` alone."""
        return self.after is not None and self.before is None


def page(connection: Connection, query: HistoryQuery) -> EventPage:
    """Return the newest events before ``before``, or the oldest after ``after`` if that is alone.

    They are in the order of ``seq`` either way. ``next`` is the ``before``, or the ``after``, of
    the page that follows; it is None at the end. A page may be short, even empty, and not the last.
    """
    first, last = _bounds(connection, query)
    low, high = _span(first, last, query)
    statement = select(EVENTS).where(EVENTS.c.seq.between(low, high), *_of(query.jobs))
    order = EVENTS.c.seq if query.is_forward else EVENTS.c.seq.desc()
    rows = connection.execute(statement.order_by(order).limit(query.limit + 1)).mappings().all()
    found = [events.view_of(row) for row in rows[: query.limit]]
    following = None
    if len(rows) > query.limit:
        following = found[-1].seq
    elif query.is_forward and high < last:
        following = high
    elif not query.is_forward and low > first:
        following = low
    items = found if query.is_forward else found[::-1]
    return EventPage(items=items, next=None if following is None else str(following))


def _bounds(connection: Connection, query: HistoryQuery) -> tuple[int, int]:
    newest = events.newest(connection)
    first = 1 if query.after is None else query.after + 1
    last = newest if query.before is None else min(query.before - 1, newest)
    return first, last


def _span(first: int, last: int, query: HistoryQuery) -> tuple[int, int]:
    """Return the part of the bounds that one page looks at; all of them for a single job."""
    if len(query.jobs.ids) == 1:  # an index has its events
        return first, last
    if query.is_forward:
        return first, min(last, first + LONGEST_SPAN - 1)
    return max(first, last - LONGEST_SPAN + 1), last


def _of(wanted: JobQuery) -> list[ColumnElement[bool]]:
    found = conditions(wanted)
    if not found:
        return []
    is_wanted = exists().where(JOBS.c.id == EVENTS.c.job_id, *found)
    return [EVENTS.c.job_id.in_(wanted.ids), is_wanted] if wanted.ids else [is_wanted]
