"""Waiting for jobs and following them, as several commands do it."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import timedelta

from joborch.cli import outcome
from joborch.cli.exits import StillWaitingError
from joborch.cli.session import Session
from joborch.client import LogRestarted, Orchestrator
from joborch.client.waiting import is_settled, states_from
from joborch.domain.durations import format_duration
from joborch.domain.text import one_line, sanitize
from joborch.wire.events import LogText
from joborch.wire.jobs import JobView

BAR_CELLS = 10
MOST_TOLD = 10


class Waiting:
    """A wait for several jobs: what is known of them, and when it is over."""

    def __init__(
        self,
        session: Session,
        job_ids: Sequence[int],
        *,
        until: str = "done",
        is_any: bool = False,
        is_fail_fast: bool = False,
    ) -> None:
        self._session = session
        self._job_ids = list(job_ids)
        self._until = states_from(until)
        self._words = until
        self._is_any = is_any
        self._is_fail_fast = is_fail_fast
        self._known: dict[int, JobView] = {}
        self._shown: Counter[str] = Counter()

    async def finish(
        self, orchestrator: Orchestrator, *, timeout_after: timedelta | None = None
    ) -> list[JobView]:
        """Wait and return the jobs as they are then.

        Raises:
            StillWaitingError: if the time ran out.
        """
        limit = timeout_after.total_seconds() if timeout_after else None
        try:
            async with asyncio.timeout(limit):
                return await self._finish(orchestrator)
        except TimeoutError:
            states = Counter(job.state for job in self._known.values())
            left = ", ".join(f"{number} {state}" for state, number in states.items())
            spent = format_duration(limit or 0)
            raise StillWaitingError(f"after {spent} there are {left or 'no answers'}") from None
        finally:
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
        self._known[job.id] = job
        output = self._session.output
        if output.is_json:
            output.document(job)
        if len(self._known) < len(self._job_ids):
            return
        states = Counter(job.state for job in self._known.values())
        if output.shows_progress:
            output.status(self._bar(states))
        elif states != self._shown and output.tells_progress and not output.is_json:
            output.note(", ".join(f"{number} {state}" for state, number in sorted(states.items())))
        self._shown = states

    def _bar(self, states: Counter[str]) -> str:
        settled = sum(is_settled(job, self._until) for job in self._known.values())
        full = BAR_CELLS * settled // len(self._job_ids)
        words = " · ".join(f"{number} {state}" for state, number in sorted(states.items()))
        return f"{'█' * full}{'░' * (BAR_CELLS - full)} {settled}/{len(self._job_ids)} · {words}"

    def _is_over(self) -> bool:
        if len(self._known) < len(self._job_ids):
            return False
        jobs = self._known.values()
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
) -> JobView:
    """Show what a job writes until it ends: its stdout on ours, its stderr on ours."""
    session.output.hint(f"Ctrl-C detaches; job {job_id} keeps running")
    show = writer(session, job_id, is_raw=is_raw)
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
