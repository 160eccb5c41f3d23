"""The ends of what a job has written, for people who look at the job."""

from collections.abc import Iterator
from contextlib import suppress

from joborch.client import Orchestrator
from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.wire.jobs import JobView

MOST_LINES = 10
PATIENCE_S = 2.0
"""So long an agent has to send what a running job wrote: the rest is worth seeing without it."""


async def last_words(orchestrator: Orchestrator, job: JobView) -> dict[str, list[str]]:
    """Return the last lines of stdout and of stderr, ten in all; empty where nothing was written.

    What cannot be had, of a job that has not started or whose results are gone, is not there.
    """
    import asyncio

    found: dict[str, list[str]] = {}
    if job.started_at is None:
        return found
    with suppress(JoborchError, TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            for stream in ("stdout", "stderr"):
                text = await orchestrator.log(job.id, stream=stream, tail=MOST_LINES)
                found[stream] = list(_lines(text))
    share = MOST_LINES // max(sum(map(bool, found.values())), 1)
    return {stream: lines[-share:] for stream, lines in found.items() if lines}


def _lines(text: bytes) -> Iterator[str]:
    return map(one_line, text.decode(errors="replace").splitlines())
