"""The dashboard: which screens there are, and what they ask of each other and of the server."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ClassVar

from textual import on, work
from textual.app import App
from textual.binding import BindingType
from textual.screen import Screen

from joborch.client import Orchestrator
from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.tui.cancelling import MANY, cancel, cancellable, noun, question
from joborch.tui.commands import EVERYWHERE, bindings
from joborch.tui.desk import Desk
from joborch.tui.dialogs.confirm import ConfirmDialog
from joborch.tui.feed import Feed, News, Rhythm
from joborch.tui.formatting import ASCII, UNICODE
from joborch.tui.look import Look
from joborch.tui.messages import (
    CancelWanted,
    Changed,
    Done,
    DrainWanted,
    JobsWanted,
    JobWanted,
    LogWanted,
    Refused,
)
from joborch.tui.picture import Picture
from joborch.tui.screens.agents import AgentsScreen
from joborch.tui.screens.help import HelpScreen
from joborch.tui.screens.job import JobScreen
from joborch.tui.screens.jobs import JobsScreen
from joborch.tui.screens.log import LogScreen
from joborch.tui.screens.services import ServicesScreen
from joborch.tui.screens.site import SiteScreen
from joborch.tui.screens.users import UsersScreen
from joborch.tui.source import Source
from joborch.tui.themes import COLOUR_BLIND, WITHOUT_COLOUR, state_colours

TICK_S = 1.0
ENDING = (signal.SIGTERM, signal.SIGHUP)


class Dashboard(App[None]):
    """``joborch top``."""

    CSS_PATH = "joborch.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(EVERYWHERE)]

    def __init__(self, source: Source, look: Look, *, rhythm: Rhythm | None = None) -> None:
        """Connect to nothing yet."""
        # Without colour the terminal's own are used, so that none has to be turned into grey.
        super().__init__(ansi_color=None if look.is_colored else True)
        self.picture = Picture()
        feed = Feed(source, self.picture, tell=self._spread, now=look.now, rhythm=rhythm)
        self.desk = Desk(picture=self.picture, source=source, feed=feed, look=look)
        self.jobs = JobsScreen(self.desk)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the states' colours."""
        return state_colours(self.current_theme)

    def on_mount(self) -> None:
        """Show the jobs, and begin to listen to the server."""
        self._end_on_signals()
        self._choose_theme()
        rooms: dict[str, Callable[[], Screen[Any]]] = {
            "jobs": lambda: self.jobs,
            "users": lambda: UsersScreen(self.desk),
            "agents": lambda: AgentsScreen(self.desk),
            "services": lambda: ServicesScreen(self.desk),
        }
        for name, room in rooms.items():
            self.add_mode(name, room)
        self.switch_mode("jobs")
        self.set_class(self.desk.look.glyphs is ASCII, "-ascii")
        self.set_class(not self.desk.look.is_colored, "-mono")
        self._feed()
        self.set_interval(TICK_S, lambda: self._spread(News()))

    def action_show(self, name: str) -> None:
        """Show one of the main screens."""
        self.switch_mode(name)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_retry(self) -> None:
        """Connect now, or ask for everything again."""
        self.desk.feed.retry()

    def action_help(self) -> None:
        """Show the help."""
        self.push_screen(HelpScreen(self.desk.look))

    async def action_back(self) -> None:
        """Undo one thing; leave the screen if there is none."""
        screen = self.screen
        if isinstance(screen, SiteScreen) and screen.step_back():
            return
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif self.current_mode != "jobs":
            self.switch_mode("jobs")

    def action_quit_or_back(self) -> None:
        """Leave the screen, or the program from a main screen; jobs are not concerned."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.exit(return_code=0)

    @on(JobsWanted)
    def show_jobs(self, message: JobsWanted) -> None:
        """Show the jobs that pass a filter."""
        self.action_show("jobs")
        self.jobs.set_filter(message.filter_text)

    @on(JobWanted)
    def show_job(self, message: JobWanted) -> None:
        """Show a job in detail."""
        self.push_screen(JobScreen(self.desk, message.job_id))

    @on(LogWanted)
    def show_log(self, message: LogWanted) -> None:
        """Show a job's log."""
        self.push_screen(LogScreen(self.desk, message.job_id))

    @on(CancelWanted)
    def ask_to_cancel(self, message: CancelWanted) -> None:
        """Ask before jobs are cancelled; what is asked about is what will be cancelled."""
        if not self._may_act():
            return
        picture, look = self.picture, self.desk.look
        jobs = cancellable(message.job_ids, picture)
        if not jobs:
            self.notify("nothing to cancel: it has ended", severity="warning")
            return
        job_ids = [job.id for job in jobs]

        def answered(is_yes: bool | None) -> None:
            if is_yes:
                self._do(lambda: cancel(job_ids, self.desk.source))

        self.push_screen(
            ConfirmDialog(
                f"Cancel {noun(len(jobs))}?",
                question(jobs, picture, look),
                yes=f"Cancel {noun(len(jobs))}",
                no="Leave them" if len(jobs) > 1 else "Leave it",
                guard_s=look.guard_s,
                demanded=str(len(jobs)) if len(jobs) > MANY else None,
            ),
            answered,
        )

    @on(DrainWanted)
    def ask_to_drain(self, message: DrainWanted) -> None:
        """Ask before an agent is given no more jobs, or is given jobs again."""
        if not self._may_act():
            return
        agent, source = message.agent, self.desk.source
        drains, name = agent.state != "draining", one_line(agent.name)

        async def drain() -> str:
            await source.drain(agent.id, on=drains)
            return f"{name} {'drains' if drains else 'takes jobs again'}"

        def answered(is_yes: bool | None) -> None:
            if is_yes:
                self._do(drain)

        verb = "Drain" if drains else "Resume"
        effect = "It gets no new jobs; those it has run on." if drains else "It gets jobs again."
        self.push_screen(
            ConfirmDialog(
                f"{verb} {name}?",
                f"{name} holds {noun(agent.active)}. {effect}",
                yes=f"{verb} it",
                no="Leave it",
                guard_s=self.desk.look.guard_s,
            ),
            answered,
        )

    @on(Done)
    def tell(self, message: Done) -> None:
        """Say what was done."""
        self.notify(message.text, markup=False)
        self.desk.feed.look()

    @on(Refused)
    def complain(self, message: Refused) -> None:
        """Say what could not be done."""
        self.notify(message.text, severity="error", markup=False)

    def _may_act(self) -> bool:
        if self.desk.look.is_read_only:
            return False
        if not self.picture.is_live:
            self.notify("not connected: nothing was sent", severity="error")
        return self.picture.is_live

    @work(name="feed")
    async def _feed(self) -> None:
        await self.desk.feed.run()

    @work(group="actions", exit_on_error=False)
    async def _do(self, action: Callable[[], Awaitable[str]]) -> None:
        try:
            self.post_message(Done(await action()))
        except JoborchError as error:
            self.post_message(Refused(one_line(error.message)))

    def _spread(self, news: News) -> None:
        if news.is_back:
            self.notify("connected again")
        for screen in self.screen_stack:
            screen.post_message(Changed(news))

    def _choose_theme(self) -> None:
        self.register_theme(COLOUR_BLIND)
        theme = self.desk.look.theme
        if not self.desk.look.is_colored:
            self.theme = WITHOUT_COLOUR
        elif theme:
            self.theme = theme

    def _end_on_signals(self) -> None:
        """Leave in good order, so that the terminal is as it was before."""
        loop = asyncio.get_running_loop()
        for number in ENDING:
            loop.add_signal_handler(number, self._end, 128 + number)

    def _end(self, code: int) -> None:
        self.exit(return_code=code)


def main(
    *,
    server: str,
    timeout: timedelta,
    user_id: str,
    filter_text: str,
    theme: str | None,
    is_read_only: bool,
    is_ascii: bool,
    is_colored: bool,
    has_mouse: bool,
) -> int:
    """Show the dashboard until a person quits; returns the exit code."""
    if not is_colored:
        os.environ["NO_COLOR"] = "1"  # the framework has no other way to be told
    look = Look(
        user_id=user_id,
        filter_text=filter_text,
        glyphs=ASCII if is_ascii else UNICODE,
        is_read_only=is_read_only,
        is_colored=is_colored,
        theme=theme,
    )
    return asyncio.run(_show(Orchestrator(server, timeout=timeout), look, has_mouse=has_mouse))


async def _show(server: Orchestrator, look: Look, *, has_mouse: bool) -> int:
    async with server as orchestrator:
        dashboard = Dashboard(orchestrator, look)
        await dashboard.run_async(mouse=has_mouse)
    return dashboard.return_code or 0
