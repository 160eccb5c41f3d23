"""Waiting for jobs and following them, as several commands do it."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import timedelta

from joborch.cli import outcome
from joborch.cli.exits import StillWaitingError
from joborch.cli.explain import in_brief
from joborch.cli.headway import Headway
from joborch.cli.hindrance import hindrance, tell_hindrances
from joborch.cli.prefixes import prefixed
from joborch.cli.session import Session
from joborch.client import LogRestarted, Orchestrator
from joborch.client.waiting import is_settled, states_from
from joborch.domain.durations import format_duration
from joborch.domain.errors import JoborchError
from joborch.domain.states import JobState
from joborch.domain.text import one_line, sanitize
from joborch.wire.events import LogText
from joborch.wire.jobs import JobView

LOG_FIELDS = ("job_id", "stream", "text")
"""Of a piece of a log, for programs."""
MOST_TOLD = 10
REDRAW_S = 1.0
SILENCE_S = 30.0
"""After so long without a change a line says that it goes on, where there is no bar."""


class Waiting:
    """A wait for several jobs: what is told of it, and when it is over."""

    def __init__(
        self,
        session: Session,
        job_ids: Sequence[int],
        *,
        until: str = "done",
        is_any: bool = False,
        is_fail_fast: bool = False,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._session = session
        self._job_ids = list(job_ids)
        self._until = states_from(until)
        self._words = until
        self._is_any = is_any
        self._is_fail_fast = is_fail_fast
        self._silence_s = silence_s
        self._headway = Headway(self._job_ids, until=self._until, ends_with_first=is_any)
        self._told: Counter[str] = Counter()

    async def finish(
        self, orchestrator: Orchestrator, *, timeout_after: timedelta | None = None
    ) -> list[JobView]:
        """Wait and return the jobs as they are then.

        Raises:
            StillWaitingError: if the time ran out.
        """
        limit = timeout_after.total_seconds() if timeout_after else None
        reminder = asyncio.create_task(self._remind(orchestrator), name="word of a wait")
        try:
            async with asyncio.timeout(limit):
                return await self._finish(orchestrator)
        except TimeoutError:
            left = ", ".join(f"{n} {state}" for state, n in self._headway.states.items())
            spent = format_duration(limit or 0)
            raise StillWaitingError(f"after {spent} there are {left or 'no answers'}") from None
        finally:
            reminder.cancel()
            await asyncio.gather(reminder, return_exceptions=True)
            self._session.output.status("")

    async def _finish(self, orchestrator: Orchestrator) -> list[JobView]:
        if len(self._job_ids) == 1:
            return await orchestrator.wait(self._job_ids, until=self._words, on_change=self._note)
        async with aclosing(orchestrator.changes(self._job_ids)) as changes:
            async for job in changes:
                self._note(job)
                if self._is_over():
                    break
        return await orchestrator.jobs_by_id(self._job_ids)

    def _note(self, job: JobView) -> None:
        headway, output = self._headway, self._session.output
        headway.note(job)
        if output.is_json:
            output.document(job)
        if not headway.is_complete:
            return
        if output.shows_progress:
            output.status(headway.bar())
        elif headway.states != self._told and self._tells_in_lines:
            output.note(headway.words())
        self._told = headway.states

    async def _remind(self, orchestrator: Orchestrator) -> None:
        """Keep the bar's estimate fresh; in lines, say now and then that nothing happens."""
        headway, output = self._headway, self._session.output
        while output.shows_progress:
            await asyncio.sleep(REDRAW_S)
            if headway.is_complete:
                output.status(headway.bar())
        while self._tells_in_lines:
            before = self._told
            await asyncio.sleep(self._silence_s)
            if headway.is_complete and before == self._told:
                why = await self._why(orchestrator)
                output.note(one_line(f"still waiting: {headway.words()}{why}"))

    async def _why(self, orchestrator: Orchestrator) -> str:
        """Say of the first job in the queue why it is there, as the example of them all."""
        jobs = sorted(self._headway.known.values(), key=lambda job: job.id)
        queued = [job.id for job in jobs if job.state == JobState.QUEUED]
        try:
            return f" ({in_brief(await orchestrator.explain(queued[0]))})" if queued else ""
        except JoborchError:
            return ""  # it only says more; whoever waits is told by the wait what goes wrong

    @property
    def _tells_in_lines(self) -> bool:
        output = self._session.output
        return output.tells_progress and not output.shows_progress and not output.is_json

    def _is_over(self) -> bool:
        if not self._headway.is_complete:
            return False
        jobs = self._headway.known.values()
        if self._is_fail_fast and any(outcome.is_bad(job) for job in jobs):
            return True
        settled = [is_settled(job, self._until) for job in jobs]
        return any(settled) if self._is_any else all(settled)


async def follow(
    session: Session,
    orchestrator: Orchestrator,
    job_id: int,
    *,
    streams: Sequence[str] = ("stdout", "stderr"),
    is_raw: bool = False,
    prefix: str = "",
) -> JobView:
    """Show what a job writes until it ends: its stdout on ours, its stderr on ours.

    With a ``prefix``, which stands before each, whole lines. Of a job that waits, why it does.
    """
    first = await hindrance(orchestrator, job_id)
    goes_on = "keeps running" if first is None else "goes on waiting"
    session.output.hint(f"Ctrl-C detaches; job {job_id} {goes_on}")
    plain = writer(session, job_id, is_raw=is_raw)
    teller = asyncio.create_task(
        tell_hindrances(session, orchestrator, first), name=f"why {job_id} waits"
    )
    try:
        with prefixed(plain, "" if session.output.is_json else prefix) as show:
            return await _follow(session, orchestrator, job_id, show, streams=streams)
    finally:
        teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)


async def _follow(
    session: Session,
    orchestrator: Orchestrator,
    job_id: int,
    show: Callable[[LogText], None],
    *,
    streams: Sequence[str],
) -> JobView:
    async with aclosing(orchestrator.follow_log(job_id)) as items:
        async for item in items:
            if isinstance(item, JobView):
                return item
            if isinstance(item, LogRestarted):
                session.output.note(f"--- job {job_id} starts again on another host ---")
            elif item.stream in streams:
                show(item)
    raise StillWaitingError(f"the log of job {job_id} broke off")


def writer(session: Session, job_id: int, *, is_raw: bool) -> Callable[[LogText], None]:
    """Return what writes a log in the form that was asked for.

    Where a terminal would read them there are no control sequences, unless it ``is_raw``.
    """
    output = session.output

    def tell(item: LogText) -> None:
        output.document({"job_id": job_id, "stream": item.stream, "text": item.text})

    def show(item: LogText) -> None:
        stream = sys.stderr if item.stream == "stderr" else sys.stdout
        stream.write(sanitize(item.text) if stream.isatty() and not is_raw else item.text)
        stream.flush()

    if session.options.quiet > 1:
        return lambda item: None
    return tell if output.is_json else show


def tell_ends(session: Session, jobs: Sequence[JobView]) -> None:
    """Say on stderr which jobs ended otherwise than well, and how."""
    bad = [job for job in jobs if outcome.is_bad(job)]
    for job in bad[:MOST_TOLD]:
        session.output.note(f"job {job.id} {one_line(outcome.verdict(job))}")
    if len(bad) > MOST_TOLD:
        session.output.note(f"and {len(bad) - MOST_TOLD} more")
