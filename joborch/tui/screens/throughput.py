"""How much is done: curves over a window, how long jobs wait and run, when all will be done."""

import time
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import ScreenResume

from joborch.client.moments import brief
from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.tui import lines
from joborch.tui.commands import THROUGHPUT, bindings
from joborch.tui.desk import Desk
from joborch.tui.messages import Measured, Refused
from joborch.tui.news import News
from joborch.tui.plotting import WINDOWS, throughput
from joborch.tui.screens.site import SiteScreen
from joborch.tui.widgets.lines import Lines, Part
from joborch.tui.widgets.panels import FittedLines
from joborch.wire.statistics import Statistics

EAGER_S, AT_REST_S = 3.0, 10.0
"""At least between two questions when jobs change, and at most when none does."""


class ThroughputScreen(SiteScreen):
    """The server is asked only while the screen is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(THROUGHPUT)]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.window = "15m"
        self._found: Statistics | None = None
        self._says = "asking for it"
        self._asked_at = 0.0

    def content(self) -> ComposeResult:
        """Return a title and room for the rest."""
        yield Lines(id="tally")
        yield FittedLines(id="plot")

    @on(ScreenResume)
    def look_again(self) -> None:
        """Ask at once: what is known is from when it was last shown."""
        self._ask()

    def action_window(self, by: int) -> None:
        """Show a longer or a shorter window."""
        names = [*WINDOWS]
        self.window = names[(names.index(self.window) + by) % len(names)]
        self._found, self._says = None, "asking for it"
        self._ask()
        self._show()

    def show_news(self, news: News) -> None:
        """Ask again, but not too often."""
        pause_s = EAGER_S if news.jobs or news.is_back else AT_REST_S
        if time.monotonic() - self._asked_at >= pause_s:
            self._ask()
        self._show()

    @on(Measured)
    def take(self, message: Measured) -> None:
        """Show what the server has counted."""
        if message.window == self.window:
            self._found = message.statistics
            self._show()

    @on(Refused)
    def take_refusal(self, message: Refused) -> None:
        """Say why there is nothing to show."""
        message.stop()
        self._says = message.text
        self._show()

    def _ask(self) -> None:
        if self.desk.picture.is_live and not self.desk.picture.pause:
            self._asked_at = time.monotonic()
            self._learn(self.window)

    @work(group="statistics", exclusive=True, exit_on_error=False)
    async def _learn(self, name: str) -> None:
        window, buckets = WINDOWS[name]
        try:
            found = await self.desk.source.statistics(window=window, buckets=buckets)
        except JoborchError as error:
            self.post_message(Refused(one_line(error.message)))
        else:
            self.post_message(Measured(name, found))

    def _show(self) -> None:
        picture, found = self.desk.picture, self._found
        title: list[Part] = [(" Throughput ", "bold")]
        for name in WINDOWS:
            title += [" ", (name, "bold reverse" if name == self.window else lines.QUIET)]
        if found and (picture.pause or not picture.is_live):
            title.append(f"  as of {brief(found.at, self.desk.look.now())}")
        shown = lines.with_tabs(title, "throughput", self.size.width)
        self.query_one("#tally", Lines).show(shown)
        plot = self.query_one("#plot", Lines)
        if picture.is_past:
            key = self.desk.look.keymap.first("window.longer")
            plot.show([""], [f"Here the past is in the windows; {key} turns to longer ones."])
        elif found is None:
            plot.show([""], [self._says])
        elif plot.size.height:
            width, height = plot.content_size
            plot.show(*throughput(found, self.window, self.desk.look, width, height))
