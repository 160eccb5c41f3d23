"""What ``joborch status`` shows unasked: jobs that have not ended, and those that just have."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter

from joborch.client import JobQuery, Orchestrator
from joborch.domain.sorting import parse_sort
from joborch.wire.jobs import JobPage, JobView

RECENTLY = timedelta(hours=1)
MOST_A_PAGE = 1000


async def current(
    orchestrator: Orchestrator, query: JobQuery, *, limit: int | None, now: datetime
) -> JobPage:
    """Return at most ``limit`` jobs, and how many there are: active, or ended within the hour.

    A job that ends between the two requests is in both answers; the later one is the truth.
    """
    first = limit or MOST_A_PAGE
    begun = replace(query, state="active")
    active = await orchestrator.jobs(begun, limit=first)
    if limit is None and active.next:
        active.items = [job async for job in orchestrator.iter_jobs(begun)]
    newest_first = replace(query, state="done", sort="-finished_at")
    ended = [job async for job in _ended_since(now - RECENTLY, orchestrator, newest_first, first)]
    found = {job.id: job for job in [*active.items, *ended]}
    twice = len(active.items) + len(ended) - len(found)
    jobs = in_order(found.values(), query.sort or "-id")
    return JobPage(items=jobs[:limit], total=active.total + len(ended) - twice)


async def _ended_since(
    oldest: datetime, orchestrator: Orchestrator, query: JobQuery, first: int
) -> AsyncIterator[JobView]:
    """Yield those that ended since ``oldest``; as a rule a page of ``first`` has them all."""
    size, cursor = first, None
    while size:
        page = await orchestrator.jobs(query, limit=size, cursor=cursor)
        for job in page.items:
            if job.finished_at is None or job.finished_at < oldest:
                return
            yield job
        cursor = page.next
        size = MOST_A_PAGE if cursor else 0


def in_order(jobs: Iterable[JobView], sort: str) -> list[JobView]:
    """Sort as the server does, but with what is not known at the end."""
    found = list(jobs)
    for key in reversed(parse_sort(sort)):
        fact = attrgetter({"user": "user_id"}.get(key.name, key.name))
        known = [job for job in found if fact(job) is not None]
        unknown = [job for job in found if fact(job) is None]
        found = [*sorted(known, key=fact, reverse=key.is_descending), *unknown]
    return found
