"""The dashboard: which screens there are, and what they ask of each other and of the server."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType
from textual import on, work
from textual.binding import Binding, BindingType
from textual.screen import Screen

from joborch.client import Orchestrator
from joborch.client.known import Known
from joborch.tui import garbage
from joborch.tui.canvas import Graph
from joborch.tui.clipboard import may_be_ignored
from joborch.tui.commands import EVERYWHERE, bindings
from joborch.tui.crashes import kept
from joborch.tui.desk import Desk
from joborch.tui.dialogs.login import LoginDialog
from joborch.tui.feed import Feed
from joborch.tui.formatting import ASCII, UNICODE
from joborch.tui.hangup import HUNG_UP, Terminal
from joborch.tui.job_control import job_control_put_back
from joborch.tui.journey import Journey
from joborch.tui.keymap import shown
from joborch.tui.last_theme import LastTheme, has_few_colours
from joborch.tui.look import Confirm, Look
from joborch.tui.messages import Changed, JobsWanted, JobWanted, LogWanted
from joborch.tui.news import News
from joborch.tui.picture import Link, Picture
from joborch.tui.preferences import THEMES, Preferences
from joborch.tui.rhythm import Rhythm
from joborch.tui.screens.agents import AgentsScreen
from joborch.tui.screens.events import EventsScreen
from joborch.tui.screens.help import HelpScreen
from joborch.tui.screens.job import JobScreen
from joborch.tui.screens.jobs import JobsScreen
from joborch.tui.screens.log import LogScreen
from joborch.tui.screens.services import ServicesScreen
from joborch.tui.screens.throughput import ThroughputScreen
from joborch.tui.screens.users import UsersScreen
from joborch.tui.sending import Shown
from joborch.tui.source import Source
from joborch.tui.themes import OWN, WITHOUT_COLOUR, state_colours
from joborch.tui.turning import TurningApp

ENDING = (signal.SIGTERM, signal.SIGHUP)
WARNED_S = 15.0
"""So long it is to be read at the start what is amiss with a person's choices."""


class Dashboard(TurningApp):
    """``joborch top``."""

    CSS_PATH = "joborch.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(EVERYWHERE)]

    def __init__(self, source: Source, look: Look, *, rhythm: Rhythm | None = None) -> None:
        """Connect to nothing yet."""
        # Without colour the terminal's own are used, so that none has to be turned into grey.
        super().__init__(ansi_color=None if look.is_colored else True)
        for theme in OWN:
            self.register_theme(theme)
        self.set_keymap(dict(look.keymap.chosen))
        self.picture = Picture()
        self._rhythm = rhythm or Rhythm()
        feed = Feed(source, self.picture, tell=self.spread, now=look.now, rhythm=self._rhythm)
        self.journey = Journey(feed, self.picture, source, now=look.now)
        self.desk = Desk(
            picture=self.picture,
            source=source,
            feed=feed,
            look=replace(look, now=lambda: self.picture.time_shown(look.now())),
            clock=look.now,
        )
        self.jobs = JobsScreen(self.desk)
        self._refusal: Link | None = None
        self._shown = Shown()
        self.crash = ""
        """What a person is to be told, if there was a bug."""

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Send only what the terminal does not show yet.

        The framework sends whole lines, and offers no public place to do otherwise.
        """
        super()._display(screen, self._shown.lacking(renderable))

    def _fatal_error(self) -> None:
        """Keep the traceback, to say where it is when the terminal is restored.

        The framework would write it over the terminal, and offers no public place to do otherwise.
        """
        if self._exception is not None:
            self.crash = kept(self._exception, os.environ)
        self.panic()

    def get_key_display(self, binding: Binding) -> str:
        """Write a key as the help does, also one that a person has chosen."""
        return binding.key_display or shown(binding.key)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the states' colours."""
        return state_colours(self.current_theme)

    def on_mount(self) -> None:
        """Show the jobs, and begin to listen to the server."""
        self._end_on_signals()
        self._choose_theme()
        self.theme_changed_signal.subscribe(self, lambda _: self.spread(News()))
        rooms: dict[str, Callable[[], Screen[Any]]] = {
            "jobs": lambda: self.jobs,
            "users": lambda: UsersScreen(self.desk),
            "agents": lambda: AgentsScreen(self.desk),
            "services": lambda: ServicesScreen(self.desk),
            "throughput": lambda: ThroughputScreen(self.desk),
            "events": lambda: EventsScreen(self.desk),
        }
        for name, room in rooms.items():
            self.add_mode(name, room)
        self.switch_mode("jobs")
        if self.desk.look.screen != "jobs":
            self.call_later(self.switch_mode, self.desk.look.screen)
        self.set_class(self.desk.look.glyphs is ASCII, "-ascii")
        self.set_class(not self.desk.look.is_colored, "-mono")
        self._feed()
        self.set_interval(self._rhythm.tick_s, lambda: self.spread(News()))
        for warning in self.desk.look.warnings:
            self.notify(warning, severity="warning", timeout=WARNED_S, markup=False)
        terminal = Terminal()
        self.set_interval(1.0, lambda: self._end(HUNG_UP) if terminal.is_gone else None)

    def action_retry(self) -> None:
        """Connect now, or ask for everything again; draw all, whatever else has written here."""
        self.desk.feed.retry()
        self.refresh()

    def action_help(self) -> None:
        """Show the help."""
        self.push_screen(HelpScreen(self.desk.look))

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

    @work(name="feed")
    async def _feed(self) -> None:
        await self.desk.feed.run()

    def spread(self, news: News) -> None:
        """Tell the screens what has changed."""
        if news.is_back:
            self.notify("connected again")
        if news.is_other:
            self.notify("the server has another database now", severity="warning")
        if news.gone:
            self.jobs.table.forget(news.gone)
        self._ask_to_login()
        for screen in self.screen_stack:
            screen.post_message(Changed(news))

    def _ask_to_login(self) -> None:
        """Ask for a token, once for each time that we were refused."""
        link = self.picture.link
        if not link.is_refused or link is self._refusal:
            return
        self._refusal = link

        def answered(token: str | None) -> None:
            if token:
                self.desk.source.authorize(token)
                self.desk.feed.retry()

        self.push_screen(LoginDialog(self.desk.source.server, link.reason), answered)

    def _choose_theme(self) -> None:
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
    server: Orchestrator,
    user_id: str,
    filter_text: str,
    theme: Known | None = None,
    confirm: str = Confirm.MULTI,
    graph: str = Graph.BRAILLE,
    columns: Known | None = None,
    config_file: Path | None = None,
    keys: Mapping[str, Known] | None = None,
    is_read_only: bool,
    is_ascii: bool,
    is_colored: bool,
    has_mouse: bool,
    hz: float | None = None,
    is_far: bool = False,
    profile: str | None = None,
    named: Mapping[str, str] | None = None,
    screen: str | None = None,
) -> int:
    """Show the dashboard until a person quits; returns the exit code.

    ``named`` are variables that tell another process which server and user it is.

    Raises:
        SettingsError: if there is no such theme, column or key.
    """
    environment = {**os.environ, **(named or {})}
    preferences = Preferences.read(theme=theme, columns=columns, keys=keys)
    last = LastTheme.of(environment, is_plain=is_far or has_few_colours(environment))
    if not is_colored:
        os.environ["NO_COLOR"] = "1"  # the framework has no other way to be told
    look = Look(
        user_id=user_id,
        profile=profile or "",
        filter_text=filter_text,
        screen=screen or "jobs",
        glyphs=ASCII if is_ascii else UNICODE,
        graph=Graph(graph),
        is_read_only=is_read_only,
        is_colored=is_colored,
        theme=preferences.theme or last.read(THEMES),
        keep_theme=last.keep,
        confirm=Confirm(confirm),
        columns=preferences.columns,
        config_file=config_file,
        keymap=preferences.keymap,
        shows_copied=may_be_ignored(environment),
        environment=environment,
        warnings=preferences.warnings,
    )
    rhythm = Rhythm.at(hz, is_far=is_far)
    return asyncio.run(_show(server, look, rhythm, has_mouse=has_mouse))


async def _show(server: Orchestrator, look: Look, rhythm: Rhythm, *, has_mouse: bool) -> int:
    async with server as orchestrator:
        return await show(Dashboard(orchestrator, look, rhythm=rhythm), has_mouse=has_mouse)


async def show(dashboard: Dashboard, *, has_mouse: bool = True) -> int:
    """Show it until it ends, however that comes; returns the exit code."""
    garbage.begin()
    with job_control_put_back():
        await dashboard.run_async(mouse=has_mouse)
    if dashboard.crash:
        sys.stderr.write(f"{dashboard.crash}\n")
    return dashboard.return_code or 0
