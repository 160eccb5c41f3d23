"""Why jobs wait, for a table's last column: in brief for all of them, or exactly for each."""

from collections.abc import Sequence
from datetime import datetime

from joborch.cli.explain import in_brief
from joborch.client import Orchestrator
from joborch.client.standing import what_is_full
from joborch.domain.states import JobState
from joborch.wire.jobs import JobView

MOST_EXPLAINED = 50


async def in_short(
    orchestrator: Orchestrator, jobs: Sequence[JobView], *, now: datetime
) -> dict[int, str]:
    """Return what keeps the jobs that stand in a line, in two requests for any number of them."""
    waiting = [job for job in jobs if _stands_in_line(job, now)]
    if not waiting:
        return {}
    used = {(each.user_id, each.service): each for each in (await orchestrator.usage()).items}
    services = {each.name: each for each in (await orchestrator.services()).items}
    found = {
        job.id: what_is_full(used.get((job.user_id, job.service)), services.get(job.service))
        for job in waiting
    }
    return {job_id: text for job_id, text in found.items() if text is not None}


async def explained(orchestrator: Orchestrator, jobs: Sequence[JobView]) -> dict[int, str]:
    """Return why each of the jobs waits, and where in its line; a request for each."""
    waiting = [job.id for job in jobs if job.state == JobState.QUEUED][:MOST_EXPLAINED]
    return {job_id: in_brief(await orchestrator.explain(job_id)) for job_id in waiting}


def _stands_in_line(job: JobView, now: datetime) -> bool:
    if job.state != JobState.QUEUED or job.held_at is not None or job.after_count:
        return False
    return job.not_before is None or job.not_before <= now
