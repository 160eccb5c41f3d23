"""What ``joborch status`` shows unasked: jobs that have not ended, and those that just have."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from joborch.client import JobQuery, Orchestrator
from joborch.wire.jobs import JobPage, JobView

RECENTLY = timedelta(hours=1)
MOST_A_PAGE = 1000


async def current(
    orchestrator: Orchestrator, query: JobQuery, *, limit: int, now: datetime
) -> JobPage:
    """Return at most ``limit`` jobs, and how many there are: active, or ended within the hour."""
    active = await orchestrator.jobs(replace(query, state="active"), limit=limit)
    newest_first = replace(query, state="done", sort="-finished_at")
    ended = [job async for job in _ended_since(now - RECENTLY, orchestrator, newest_first, limit)]
    jobs = in_order([*active.items, *ended], query.sort or "-id")
    return JobPage(items=jobs[:limit], total=active.total + len(ended))


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
    key = {"user": "user_id"}.get(sort.lstrip("-"), sort.lstrip("-"))
    rows = [(getattr(job, key), job.id, job) for job in jobs]
    known = [row for row in rows if row[0] is not None]
    known.sort(key=lambda row: row[:2], reverse=sort.startswith("-"))
    return [row[2] for row in [*known, *(row for row in rows if row[0] is None)]]
