"""What is said to whom an interrupt parted from jobs: how these go on, and how to end them."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from joborch.cli import outcome
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.errors import JoborchError
from joborch.domain.selectors import spelt
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.wire.jobs import JobView

PATIENCE_S = 1.0
"""So long whoever pressed Ctrl-C waits for what is only an addition."""


def tell_detached(session: Session, ids: Sequence[int]) -> None:
    """Say how the jobs are now, if the server says so soon, and how to end them."""
    jobs = session.run(lambda orchestrator: _as_they_are(orchestrator, ids))
    named = jobs_named(ids)
    if jobs and all(JobState(job.state).is_terminal for job in jobs):
        ends = outcome.verdict(jobs[0]) if len(jobs) == 1 else "have ended"
        session.output.note(one_line(f"Detached. {named} {ends}"))
        return
    how = _how(jobs, is_one=len(ids) == 1)
    session.output.note(f"Detached. {named} {how} · to stop: joborch cancel {spelt([*ids])}")


def jobs_named(ids: Sequence[int]) -> str:
    """Write ``Job 7`` or ``Jobs 7-9``."""
    return f"Job {ids[0]}" if len(ids) == 1 else f"Jobs {spelt([*ids])}"


def _how(jobs: Sequence[JobView], *, is_one: bool) -> str:
    states = Counter(job.state for job in jobs if not JobState(job.state).is_terminal)
    if not states:
        return "goes on" if is_one else "go on"
    if not is_one:
        return f"go on: {', '.join(f'{number} {state}' for state, number in states.items())}"
    return "goes on waiting" if states[JobState.QUEUED] else "keeps running"


async def _as_they_are(orchestrator: Orchestrator, ids: Sequence[int]) -> list[JobView]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            if len(ids) == 1:
                return [await orchestrator.job(ids[0])]
            return await orchestrator.jobs_by_id(ids)
    except (JoborchError, TimeoutError):
        return []
