"""What keeps a job from starting, told for as long as it does, to whom its output is promised."""

import asyncio
import time

from joborch.cli.explain import in_brief
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.errors import JoborchError
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.wire.jobs import Explanation

ASK_EVERY_S = 2.0
SILENCE_S = 30.0
"""After so long a reason that has not changed is told again."""


async def hindrance(orchestrator: Orchestrator, job_id: int) -> Explanation | None:
    """Say why a job waits; None if it does not, or if that cannot be had."""
    try:
        explanation = await orchestrator.explain(job_id)
    except JoborchError:
        return None  # it only says more; what goes wrong is told by what is waited for
    return explanation if explanation.state == JobState.QUEUED else None


async def tell_hindrances(
    session: Session,
    orchestrator: Orchestrator,
    first: Explanation | None,
    *,
    ask_every_s: float = ASK_EVERY_S,
    silence_s: float = SILENCE_S,
) -> None:
    """Say why the job of ``first`` waits, at once and when that changes, until it does no more."""
    output, found = session.output, first
    told, told_at = "", 0.0
    while found and output.tells_progress and not output.is_json:
        text = in_brief(found)
        if text != told or time.monotonic() - told_at >= silence_s:
            output.note(one_line(f"still waiting: job {found.job_id} is queued ({text})"))
            told, told_at = text, time.monotonic()
        await asyncio.sleep(ask_every_s)
        found = await hindrance(orchestrator, found.job_id)
