"""All jobs of a scope, page by page."""

from collections.abc import Callable, Iterable
from enum import StrEnum

from joborch.client import JobQuery
from joborch.tui.picture import MOST_JOBS
from joborch.tui.source import Source
from joborch.wire.jobs import JobView

PAGE = 1000
RECENT = 5000
"""So many of those that have ended belong to ``Scope.RECENT``."""


class Scope(StrEnum):
    """Which jobs are listed."""

    ACTIVE = "active"
    RECENT = "recent"
    ALL = "all"


MOST_ENDED = {Scope.ACTIVE: 0, Scope.RECENT: RECENT, Scope.ALL: MOST_JOBS}


async def listed(
    source: Source, scope: Scope, *, came: Callable[[Iterable[JobView]], None]
) -> dict[int, JobView]:
    """Return the jobs of a scope, by id; each page is also told as it comes.

    They are not of one moment. Who heard events before the first page and asks for what has
    changed since, after the last, misses nothing.
    """
    jobs: dict[int, JobView] = {}
    for state, most in (("active", MOST_JOBS), ("done", MOST_ENDED[scope])):
        cursor, room = None, most
        while room > 0:
            query = JobQuery(state=state, sort="-id")
            page = await source.jobs(query, limit=min(PAGE, room), cursor=cursor)
            jobs |= {job.id: job for job in page.items}
            came(page.items)
            room -= len(page.items)
            cursor = page.next
            if cursor is None:
                break
    return jobs
