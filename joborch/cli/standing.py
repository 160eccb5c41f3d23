"""Why jobs wait, for a table's last column: in brief for all of them, or exactly for each."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from joborch.cli.explain import in_brief
from joborch.client import Orchestrator
from joborch.client.standing import is_open, what_is_full, what_keeps
from joborch.domain.errors import NotFoundError
from joborch.domain.states import JobState
from joborch.wire.jobs import JobView

MOST_EXPLAINED, MOST_ASKED = 50, 1000


async def in_short(
    orchestrator: Orchestrator, jobs: Sequence[JobView], *, now: datetime
) -> dict[int, str]:
    """Return what keeps the jobs that stand in a line, in three requests for any number of them."""
    waiting = [job for job in jobs if _stands_in_line(job, now)]
    if not waiting:
        return {}
    used = {(each.user_id, each.service): each for each in (await orchestrator.usage()).items}
    services = {each.name: each for each in (await orchestrator.services()).items}
    full = {
        job.id: what_is_full(used.get((job.user_id, job.service)), services.get(job.service))
        for job in waiting
    }
    asked = [job.id for job in waiting if is_open(full[job.id], batch=job.batch)]
    reasons = await _reasons(orchestrator, asked)
    return {job.id: what_keeps(full[job.id], reasons.get(job.id), job.reason) for job in waiting}


async def explained(
    orchestrator: Orchestrator, jobs: Sequence[JobView], *, now: datetime
) -> dict[int, str]:
    """Return why each of the jobs waits, and where in its line, all of one moment."""
    waiting = [job.id for job in jobs if _stands_in_line(job, now)][:MOST_EXPLAINED]
    return {each.job_id: in_brief(each) for each in await orchestrator.explain_all(waiting)}


async def _reasons(orchestrator: Orchestrator, job_ids: Sequence[int]) -> dict[int, str]:
    """Ask about those of whom it cannot be said otherwise."""
    if not job_ids:
        return {}
    job_ids = job_ids[:MOST_ASKED]
    with suppress(NotFoundError):  # a server of before does not tell
        return {each.id: each.reason for each in (await orchestrator.waiting(job_ids)).items}
    return {}


def _stands_in_line(job: JobView, now: datetime) -> bool:
    if job.state != JobState.QUEUED or job.held_at is not None or job.after_count:
        return False
    return job.not_before is None or job.not_before <= now
