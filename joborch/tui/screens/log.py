"""What a job writes, as it writes it."""

from collections.abc import Iterator
from contextlib import aclosing
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Mount
from textual.widgets import Input, Static

from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.tui.commands import LOG, bindings
from joborch.tui.desk import Desk
from joborch.tui.formatting import count, job_name
from joborch.tui.messages import CopyWanted, KeepWanted, LogCame, Refused
from joborch.tui.news import News
from joborch.tui.screens.site import SiteScreen
from joborch.tui.whereabouts import words
from joborch.tui.widgets.lines import Lines
from joborch.tui.widgets.log_view import LogView
from joborch.wire.events import LogText
from joborch.wire.jobs import JobView


class LogScreen(SiteScreen):
    """A job's stdout and stderr; it follows the end until a person scrolls."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LOG)]

    def __init__(self, desk: Desk, job_id: int) -> None:
        super().__init__(desk)
        self.job_id = job_id
        self._says = "waiting for the first line"
        self._is_followed = False

    def content(self) -> ComposeResult:
        """Return the log and a field to search in it."""
        yield Lines(id="tally")
        yield LogView(id="log")
        with Horizontal(id="filter-line"):
            yield Static(" / ", id="filter-sign")
            yield Input(id="filter")

    @property
    def view(self) -> LogView:
        """The log."""
        return self.query_one(LogView)

    @on(Mount)
    def begin(self) -> None:
        """Follow the log."""
        self.view.focus()
        self._follow()

    def show_news(self, news: News) -> None:
        """Follow again if following had broken off."""
        if news.is_back and not self._is_followed:
            self.view.clear()
            self._follow()
        self._show()

    def step_back(self) -> bool:
        """Leave the search."""
        if self.query_one("#filter-line").has_class("-open"):
            self._search("")
            return True
        return False

    def action_search(self) -> None:
        """Type what to look for."""
        self.query_one("#filter-line").add_class("-open")
        self.query_one("#filter", Input).focus()

    def action_next(self, by: int) -> None:
        """Show the next match."""
        self._find(by)

    def action_save(self) -> None:
        """Write what is shown into a new file, which is not where a browser is."""
        text = "".join(f"{line.text}\n" for line in self.view.log_lines.shown)
        self.post_message(KeepWanted("the log", f"{self.job_id}.log", text))

    def action_copy(self) -> None:
        """Put the lines on the screen into the clipboard."""
        lines = self.view.in_sight
        text = "\n".join(line.text for line in lines)
        what = f"the {count(len(lines))} lines on the screen"
        self.post_message(CopyWanted(text, what, "log.copy"))

    @on(Input.Submitted)
    def search(self, message: Input.Submitted) -> None:
        """Show the first match."""
        self._search(message.value)

    @on(LogCame)
    def take(self, message: LogCame) -> None:
        """Show what came."""
        item = message.item
        self.view.take(item)
        if isinstance(item, JobView):
            self._is_followed = False
            self._says = f"ended: {words(item)}"
        elif isinstance(item, LogText):
            self._says = ""
        self._show()

    @on(Refused)
    def take_refusal(self, message: Refused) -> None:
        """Say why there is no more."""
        message.stop()
        self._is_followed = False
        self._says = message.text
        self._show()

    def _follow(self) -> None:
        self._is_followed = True
        self._read()

    @work(group="log", exclusive=True, exit_on_error=False)
    async def _read(self) -> None:
        try:
            async with aclosing(self.desk.source.follow_log(self.job_id)) as items:
                async for item in items:
                    self.post_message(LogCame(item))
        except JoborchError as error:
            self.post_message(Refused(one_line(error.message)))

    def _search(self, sought: str) -> None:
        field = self.query_one("#filter", Input)
        field.value = sought
        self.query_one("#filter-line").set_class(bool(sought), "-open")
        self.view.focus()
        self.view.seek(sought)
        self._find(1)

    def _find(self, by: int) -> None:
        sought = self.view.sought
        if sought and not self.view.find(by):
            self.notify(f"nothing says {sought}", markup=False)
        self._show()

    def _show(self) -> None:
        job = self.desk.picture.jobs.get(self.job_id)
        name = f"  {job_name(job)}" if job else ""
        dot = f" {self.desk.look.glyphs.dot} "
        self.query_one("#tally", Lines).show(
            [(f" log of {self.job_id}{name}", "bold"), dot + dot.join(self._facts())]
        )

    def _facts(self) -> Iterator[str]:
        view, known = self.view, self.view.log_lines
        number = len(known.lines) + known.dropped
        yield f"{count(number)} {'line' if number == 1 else 'lines'}"
        follow = self.desk.look.keymap.first("log.follow")
        yield "following" if view.follows else f"stopped; {follow} follows"
        if view.sought:
            place, matches = view.match()
            yield f"match {count(place)}/{count(matches)}"
        if known.stream:
            yield f"{known.stream} only"
        if view.is_wrapped:
            yield "wrapped"
        if known.dropped:
            yield f"the first {count(known.dropped)} are not kept"
        if self._says:
            yield self._says
