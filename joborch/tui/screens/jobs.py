"""The list of jobs: sorted, filtered, and with the site beside it where there is room."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Key

from joborch.tui import lines
from joborch.tui.commands import JOBS, bindings
from joborch.tui.desk import Desk
from joborch.tui.groups import Heading
from joborch.tui.heading import own_quota, tiles
from joborch.tui.inquiry import Inquiry
from joborch.tui.keymap import COMMANDS
from joborch.tui.messages import (
    Changed,
    FilterTyped,
    Highlighted,
    JobWanted,
    Marked,
    Opened,
    StateWanted,
)
from joborch.tui.news import News
from joborch.tui.panes.chosen import ChosenLine, ChosenPane
from joborch.tui.panes.happened import EventsPane
from joborch.tui.screens.arranged import ArrangedJobs
from joborch.tui.widgets.filter_bar import FilterBar
from joborch.tui.widgets.job_table import JobTable
from joborch.tui.widgets.lines import Lines
from joborch.tui.widgets.panels import FittedLines
from joborch.tui.widgets.site_panels import SitePanels
from joborch.tui.widgets.state_tiles import StateChord, StateTiles


class JobsScreen(ArrangedJobs):
    """All jobs, or those that pass the filter."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(JOBS)]
    tells_pace = True

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._chord = StateChord(
            desk.look.glyphs, first=desk.look.keymap.keys(COMMANDS["table.top"])[0]
        )
        self._inquiry = Inquiry(desk)

    def content(self) -> ComposeResult:
        """Return the table and what is around it."""
        yield StateTiles(id="tally")
        yield FittedLines(id="own-quota")
        yield FilterBar(self.desk.look.filter_text)
        yield Lines(id="shown")
        with Container(id="body"):
            with Container(id="jobs"):
                yield JobTable(self.desk, self.view.groups)
                yield Lines(id="empty")
                yield ChosenPane(self.desk)
            yield SitePanels(EventsPane(self.desk), id="panels")
        yield ChosenLine(self.desk)

    def on_mount(self) -> None:
        """Begin in the table, with the filter of the command line."""
        self.set_filter(self.desk.look.filter_text)

    def selected_id(self) -> int | None:
        """Return the job under the cursor, if it is still known."""
        cursor = self.table.cursor
        return cursor if isinstance(cursor, int) and cursor in self.desk.picture.jobs else None

    def chosen_ids(self) -> Sequence[int]:
        """Return the marked jobs, or else the selected one."""
        return self._marked or super().chosen_ids()

    def say_none(self) -> None:
        """Say what can be done with a heading, since it is no job."""
        if isinstance(self.table.cursor, Heading):
            self.notify(f"a heading is no job: {self._of_headings}")

    @property
    def has_chosen(self) -> bool:
        """Whether a person has marked jobs, or put the selection where it is."""
        return bool(self._marked) or self.table.has_chosen

    @property
    def marked(self) -> int:
        """How many jobs are marked."""
        return len(self.table.marks)

    def show_news(self, news: News) -> None:
        """Draw what has changed; sort again, but not too often when there are many."""
        self._show_surroundings()
        self.query_one(ChosenLine).show_news(news)
        self.query_one(ChosenPane).show_news(news)
        self.query_one(EventsPane).show_news(news)
        if news.is_all:
            self._arrange()
        elif news.jobs:
            self.table.update(news.jobs)
            self._arrange_soon()
        else:
            self.table.tick()
        self._inquire(is_news=bool(news.jobs))

    def step_back(self) -> bool:
        """Clear the filter; then the marks."""
        if self.query_one(FilterBar).is_used:
            self.set_filter("")
        elif self.table.marks:
            self.table.action_unmark()
        else:
            return False
        return True

    def set_filter(self, text: str) -> None:
        """Show what passes this filter, and go to the table."""
        self.query_one(FilterBar).fill(text)

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterBar).begin()

    @on(Opened)
    def open_job(self) -> None:
        """Show the selected job in detail; fold the group of a heading, or list it again."""
        if isinstance(cursor := self.table.cursor, Heading):
            self.view.groups.fold(cursor)
            self._arrange()
            self.select()
        elif (selected := self.selected_id()) is not None:
            self.post_message(JobWanted(selected))

    @on(Highlighted)
    def select(self) -> None:
        """Say more about the selected job."""
        cursor = self.table.cursor
        job_id = cursor if isinstance(cursor, int) else None
        told = self._of_headings if isinstance(cursor, Heading) else ""
        self.query_one(ChosenLine).choose(job_id, or_else=told)
        self.query_one(ChosenPane).choose(job_id)

    @on(StateWanted)
    def show_state(self, message: StateWanted) -> None:
        """Show the jobs of one state; all again, if they are shown."""
        text = f"state:{message.state}"
        self.set_filter("" if self.query_one(FilterBar).text == text else text)

    def on_key(self, event: Key) -> None:
        """Take a state's letter after the first key to ask for the jobs of that state."""
        state = self._chord.state_after(event.key)
        if state is not None and self.focused is self.table:
            event.stop()
            event.prevent_default()
            self.post_message(StateWanted(state))

    @on(Marked)
    def count_marks(self) -> None:
        """Say how many are marked."""
        self._show_link()
        self._show_surroundings()

    @on(FilterTyped)
    def filter(self, message: FilterTyped) -> None:
        """Show what passes the filter; go to the table once it is finished."""
        if message.is_done:
            self.table.focus()
        self.view.filter_by(message.text)
        self._arrange()

    @property
    def _marked(self) -> list[int]:
        jobs = self.desk.picture.jobs
        return sorted(i for i in self.table.marks if isinstance(i, int) and i in jobs)

    @property
    def _of_headings(self) -> str:
        first, cursor = self.desk.look.keymap.first, self.table.cursor
        is_folded = isinstance(cursor, Heading) and self.view.groups.is_folded(cursor)
        does = "lists" if is_folded else "folds"
        return f"{first('jobs.mark')} marks its jobs, {first('table.open')} {does} them"

    def _inquire(self, *, is_news: bool) -> None:
        """Ask why the jobs on the screen wait, where only the server knows."""
        panels = self.query_one(SitePanels)
        wanted = self._inquiry.wanted(
            self.table.in_sight, is_news=is_news, has_panel=bool(panels.size.width)
        )
        if wanted is not None:
            self._ask(wanted)

    @work(group="reasons", exclusive=True, exit_on_error=False)
    async def _ask(self, job_ids: Sequence[int]) -> None:
        if await self._inquiry.ask(job_ids):
            self.post_message(Changed(News()))

    def _show_surroundings(self) -> None:
        picture, look = self.desk.picture, self.desk.look
        self.set_class(not picture.jobs, "-empty")
        width = self.size.width
        self.query_one(StateTiles).show_tiles(tiles(picture, look, width))
        if (own := self.query_one("#own-quota", Lines)).display:
            own.show(own_quota(picture, look, width))
        marked = self.marked if width < lines.WIDE else 0  # otherwise the line below says it
        said = self.view.said(marked=marked)
        self.query_one("#shown", Lines).show(lines.with_tabs(said, "jobs", width))
        self.query_one(SitePanels).show(picture, look)
        self.query_one("#empty", Lines).show_text(self.view.invitation())
        self.query_one(ChosenPane).choose(self.selected_id())
