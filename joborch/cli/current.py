"""What ``joborch status`` shows unasked: jobs that have not ended, and those that just have."""

from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter

from joborch.client import JobQuery, Orchestrator
from joborch.domain.sorting import parse_sort
from joborch.wire.jobs import JobPage, JobView

CURRENT = "!ended>1h"
"""A filter: what has not ended passes, and what ended within the hour."""


async def current(orchestrator: Orchestrator, query: JobQuery, *, limit: int | None) -> JobPage:
    """Return at most ``limit`` jobs, and how many there are: active, or ended within the hour.

    The page and the number are of one moment, so that a job which ends meanwhile counts once.
    """
    query = replace(query, q=f"{query.q or ''} {CURRENT}".lstrip())
    if limit is not None:
        page = await orchestrator.jobs(query, limit=limit)
    else:
        page = await every(orchestrator, query)
    return JobPage(items=in_order(page.items, query.sort or "-id"), total=page.total)


async def every(orchestrator: Orchestrator, query: JobQuery) -> JobPage:
    """Return all jobs; one that moves between two pages while they are read is there once."""
    found = {job.id: job async for job in orchestrator.iter_jobs(query)}
    return JobPage(items=[*found.values()], total=len(found))


def in_order(jobs: Iterable[JobView], sort: str) -> list[JobView]:
    """Sort as the server does, but with what is not known at the end."""
    found = list(jobs)
    for key in reversed(parse_sort(sort)):
        fact = attrgetter({"user": "user_id"}.get(key.name, key.name))
        known = [job for job in found if fact(job) is not None]
        unknown = [job for job in found if fact(job) is None]
        found = [*sorted(known, key=fact, reverse=key.is_descending), *unknown]
    return found
