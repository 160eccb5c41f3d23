"""Waiting for jobs: one by a long poll, many by the stream of events.

A server that goes away while we wait is waited for too; only the first contact must succeed.
"""

import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing

import msgspec

from joborch.client.streams import FIRST_PAUSE_S, Missed, Pause, job_events, opened
from joborch.client.transport import Call, Transport
from joborch.domain.errors import JoborchError, UnavailableError
from joborch.domain.states import JobState, states_named
from joborch.wire.events import EventView
from joborch.wire.jobs import JobView

logger = logging.getLogger(__name__)

LONG_POLL_S = 25
HELD_S = 1.0
MOST_IN_QUERY = 200
"""More ids than this do not go into a URL: all events are read, and most of them skipped."""

ListJobs = Callable[[Collection[int]], Awaitable[Sequence[JobView]]]


def is_settled(job: JobView, until: Collection[JobState]) -> bool:
    """Whether waiting is over: the job is in such a state, or can never be."""
    return JobState(job.state) in until or JobState(job.state).is_terminal


def states_from(words: str) -> frozenset[JobState]:
    """Read states and groups with commas; ``KeyError`` names the one that is none."""
    return frozenset[JobState]().union(*(states_named(word) for word in words.split(",")))


async def wait_for_one(
    transport: Transport,
    job_id: int,
    *,
    until: str,
    on_change: Callable[[JobView], None] | None = None,
    pause_s: float = FIRST_PAUSE_S,
) -> JobView:
    """Ask again and again, each time for up to 25 s, until the job is settled.

    The first answer comes at once, or a server that restarts now would seem not to be there.
    """
    path = f"/api/v1/jobs/{job_id}"
    call = Call(method="GET", path=path, is_repeatable=True)
    held = Call(
        method="GET",
        path=path,
        query={"wait_s": LONG_POLL_S, "until": f"{until},done"},
        is_repeatable=True,
        read_s=LONG_POLL_S + 15,
    )
    states, pause, known = states_from(until), Pause(pause_s), None
    while True:
        asked = time.monotonic()
        try:
            job = await transport.ask(call, JobView)
        except UnavailableError:
            if known is None:
                raise
            await pause.sleep()
            continue
        if on_change and job != known:
            on_change(job)
        if is_settled(job, states):
            return job
        is_first, known, call = known is None, job, held
        if is_first:
            continue
        if time.monotonic() - asked > HELD_S:
            pause.reset()
        else:
            await pause.sleep()  # it did not hold the poll; let us not hurry it


async def changes(
    transport: Transport,
    job_ids: Collection[int],
    *,
    list_jobs: ListJobs,
    pause_s: float = FIRST_PAUSE_S,
) -> AsyncGenerator[JobView, None]:
    """Yield each job as it is, and again at each change, without end.

    The stream is opened before the states are listed, so nothing falls between the two. Between
    listings a job is patched with what its events say: state and attempt, not its other facts.

    Raises:
        UnavailableError: only if the first contact fails.
        JobNotFoundError: if one of the jobs is not there.
    """
    watch, pause = _Watch(job_ids, list_jobs), Pause(pause_s)
    while True:
        try:
            async with aclosing(_streamed(transport, watch, pause)) as stream:
                async for job in stream:
                    yield job
        except JoborchError as error:
            logger.debug("no stream of events", extra={"error": error.message})
        # No stream, or no more of it: ask, until there is one again.
        if watch.known:
            await pause.sleep()
        async for job in _polled(watch):
            yield job


async def _streamed(
    transport: Transport, watch: "_Watch", pause: Pause
) -> AsyncGenerator[JobView, None]:
    path, query = "/api/v1/events", watch.query()
    async with opened(transport, path, query, after=watch.last_id) as messages:
        async for job in watch.asked():
            yield job
        pause.reset()
        async for event in job_events(messages):
            if isinstance(event, Missed):
                async for job in watch.asked():
                    yield job
            elif changed := watch.told(event):
                yield changed


async def _polled(watch: "_Watch") -> AsyncGenerator[JobView, None]:
    try:
        async for job in watch.asked():
            yield job
    except UnavailableError:
        if not watch.known:
            raise


class _Watch:
    """What is known of the jobs that are waited for."""

    def __init__(self, job_ids: Collection[int], list_jobs: ListJobs) -> None:
        self.known: dict[int, JobView] = {}
        self.last_id: str | None = None
        self._job_ids = job_ids
        self._list_jobs = list_jobs

    def query(self) -> dict[str, object]:
        if len(self._job_ids) > MOST_IN_QUERY:
            return {}
        return {"job": ",".join(str(job_id) for job_id in self._job_ids)}

    async def asked(self) -> AsyncGenerator[JobView, None]:
        """Ask for the jobs that have not ended, and yield those that are news."""
        for job in await self._list_jobs([i for i in self._job_ids if not self._has_ended(i)]):
            if self.known.get(job.id) != job:
                self.known[job.id] = job
                yield job

    def told(self, event: EventView) -> JobView | None:
        """Apply an event; None if it is no news."""
        self.last_id = event.mark
        job = self.known.get(event.job_id)
        if job is None or self._has_ended(job.id) or event.attempt < job.attempt:
            return None
        if (job.state, job.attempt) == (event.to_state, event.attempt):
            return None
        job = msgspec.structs.replace(job, state=event.to_state, attempt=event.attempt)
        self.known[job.id] = job
        return job

    def _has_ended(self, job_id: int) -> bool:
        return job_id in self.known and JobState(self.known[job_id].state).is_terminal
