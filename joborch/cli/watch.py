"""Showing a list of jobs again whenever something happens to them."""

import asyncio
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from joborch.cli.folding import Folded, folded_columns
from joborch.cli.job_table import columns
from joborch.cli.output import is_dumb
from joborch.cli.session import Session
from joborch.cli.standing import in_short
from joborch.client import Orchestrator
from joborch.domain.errors import UnavailableError
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.wire.jobs import JobPage, JobView

SHORTEST_S = 0.25
"""Between two frames, however much happens."""
LONGEST_S = 10.0
"""Between two frames when nothing happens: ages and running times grow."""
WITHOUT_EVENTS_S = 2.0

Ask = Callable[[], Awaitable[JobPage]]
Fold = Callable[[JobPage], Awaitable[Folded | None]]


async def watch(
    session: Session, orchestrator: Orchestrator, ask: Ask, *, ends: bool, fold: Fold | None = None
) -> list[JobView]:
    """Show the jobs until interrupted or, with ``ends``, until all of them have ended.

    ``fold`` is asked, where there is a terminal, whether jobs are to be shown as batches.
    On a terminal the table is redrawn in place and its last frame stays; one that can only append
    gets a table a change, and programs a line of JSON for every job that changed. A server that
    goes away meanwhile is waited for.
    """
    news = asyncio.Event()
    frame = _frame(session, fold)
    listener = asyncio.create_task(_listen(orchestrator, news), name="events for --watch")
    try:
        while True:
            news.clear()
            try:
                page = await ask()
                lines = await frame.lines(orchestrator, page)
            except UnavailableError as error:
                if not frame.has_shown:
                    raise
                frame.lost(error.message)
                await asyncio.sleep(WITHOUT_EVENTS_S)
                continue
            frame.show(page, lines)
            if ends and all(JobState(job.state).is_terminal for job in page.items):
                return page.items
            await _wait(news)
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


def _frame(session: Session, fold: Fold | None) -> "_Frame":
    output = session.output
    if output.is_for_programs:
        return _Lines(session)
    may_redraw = output.is_terminal and not is_dumb()
    return _Redrawn(session, fold) if may_redraw else _Appended(session, fold)


async def _wait(news: asyncio.Event) -> None:
    await asyncio.sleep(SHORTEST_S)
    try:
        async with asyncio.timeout(LONGEST_S):
            await news.wait()
    except TimeoutError:
        return


async def _listen(orchestrator: Orchestrator, news: asyncio.Event) -> None:
    while True:
        try:
            async for _ in orchestrator.events():
                news.set()
        except UnavailableError:
            await asyncio.sleep(WITHOUT_EVENTS_S)
        news.set()


class _Frame(ABC):
    """What is shown, and whether it is still so."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.has_shown = False
        self._is_lost = False

    async def lines(self, orchestrator: Orchestrator, page: JobPage) -> Sequence[str]:
        """Return the jobs as lines for a person, if there is one."""
        return ()

    @abstractmethod
    def show(self, page: JobPage, lines: Sequence[str]) -> None:
        """Show the jobs as they are now."""

    def lost(self, message: str) -> None:
        """Say once that what was shown may be so no more."""
        if not self._is_lost:
            when = datetime.now().astimezone().strftime("%H:%M:%S")
            self._session.output.trouble(one_line(f"{message} since {when}; waiting for it"))
        self._is_lost = True


class _Tables(_Frame):
    """Jobs as a table, for a person."""

    def __init__(self, session: Session, fold: Fold | None) -> None:
        super().__init__(session)
        self._fold = fold

    async def lines(self, orchestrator: Orchestrator, page: JobPage) -> Sequence[str]:
        """Fold the jobs, and ask what keeps those that wait."""
        now, output = datetime.now(UTC), self._session.output
        times = replace(self._session.times, now=now)
        fold = await self._fold(page) if self._fold else None
        if fold is not None:
            table = folded_columns(times, await in_short(orchestrator, fold.jobs, now=now))
            return [*output.aligned(table, fold.lines)]
        reasons = await in_short(orchestrator, page.items, now=now)
        return [*output.aligned(columns(times, reasons), page.items)]


class _Appended(_Tables):
    """A table a change, one below the other."""

    def __init__(self, session: Session, fold: Fold | None) -> None:
        super().__init__(session, fold)
        self._known: list[JobView] | None = None

    def show(self, page: JobPage, lines: Sequence[str]) -> None:
        """Print the table if the jobs are not as they were; ages alone are no news."""
        if self._known != page.items:
            self._session.output.line("\n".join([*lines, ""]))
        self._known, self.has_shown, self._is_lost = page.items, True, False


class _Redrawn(_Tables):
    """Frames that replace each other on a terminal."""

    _height = 0

    def lost(self, message: str) -> None:
        """Say it below the frame, to be wiped with it."""
        if not self._is_lost:
            self._height += sys.stderr.isatty()
        super().lost(message)

    def show(self, page: JobPage, lines: Sequence[str]) -> None:
        lines = lines[: max(shutil.get_terminal_size().lines - 2, 3)]
        back = f"\x1b[{self._height}F\x1b[J" if self._height else ""
        sys.stdout.write(back + "\n".join(lines) + "\n")
        sys.stdout.flush()
        self._height, self.has_shown, self._is_lost = len(lines), True, False


class _Lines(_Frame):
    """Jobs that changed, each as a line of JSON, or its id alone."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._known: dict[int, JobView] = {}

    def show(self, page: JobPage, lines: Sequence[str]) -> None:
        self.has_shown, self._is_lost = True, False
        for job in page.items:
            if self._known.get(job.id) != job:
                self._tell(job)
            self._known[job.id] = job

    def _tell(self, job: JobView) -> None:
        output = self._session.output
        if output.form == "ids":
            output.line(str(job.id))
        else:
            output.document(job)
