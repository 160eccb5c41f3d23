"""Tell what happened, page by page."""

from joborch.server.store import history
from joborch.server.store.database import Database
from joborch.server.store.history import HistoryQuery
from joborch.wire.events import EventPage

__all__ = ["HistoryQuery", "past"]


async def past(query: HistoryQuery, *, database: Database) -> EventPage:
    """Return a page of events of the jobs that are wanted."""
    return await database.read(lambda c: history.page(c, query))
