"""The list of jobs: sorted, filtered, and with the site beside it where there is room."""

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.widgets import Input, Static

from joborch.domain.errors import JoborchError
from joborch.domain.states import GROUPS, JobState
from joborch.domain.text import one_line
from joborch.tui import lines
from joborch.tui.commands import JOBS, bindings
from joborch.tui.desk import Desk
from joborch.tui.dialogs.choice import ChoiceDialog
from joborch.tui.feed import News, Scope
from joborch.tui.filters import Filter, everything, parse_filter
from joborch.tui.formatting import count
from joborch.tui.messages import (
    CancelWanted,
    Explained,
    HeadChosen,
    Highlighted,
    JobWanted,
    LogWanted,
    Opened,
)
from joborch.tui.ordering import KEYS, Order
from joborch.tui.picture import LinkState
from joborch.tui.screens.site import SiteScreen
from joborch.tui.tables import job_columns
from joborch.tui.widgets.line_table import LineTable
from joborch.tui.widgets.lines import Lines, Part
from joborch.tui.widgets.panels import Panel
from joborch.wire.jobs import JobView

MANY = 5000
"""More rows than this are not sorted again at once, but after a while."""
REST_S = 2.0
TYPING_S = 0.08
DWELL_S = 0.3
"""So long the selection has to rest before the server is asked why the job waits."""
ACTIVE = GROUPS["active"]
SCOPES = [Scope.ACTIVE, Scope.RECENT, Scope.ALL]


class JobsScreen(SiteScreen):
    """All jobs, or those that pass the filter."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(JOBS)]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.order = Order()
        self.is_mine = False
        self._filter: Filter = everything
        self._mistake = ""
        self._why: Explained | None = None
        self._is_arranging = False
        self._is_listed = False
        self._typed = 0

    def content(self) -> ComposeResult:
        """Return the table and what is around it."""
        desk = self.desk
        yield Lines(id="tally")
        with Horizontal(id="filter-line"):
            yield Static(" / ", id="filter-sign")
            yield Input(id="filter", value=desk.look.filter_text, select_on_focus=False)
        yield Lines(id="shown")
        with Container(id="body"):
            yield LineTable[int, JobView](
                job_columns(desk.picture, desk.look), desk.picture.jobs.get, glyphs=desk.look.glyphs
            )
            yield Static(id="empty")
            with Container(id="panels"):
                yield Panel("Quotas", id="quotas")
                yield Panel("Agents", id="agents")
        yield Lines(id="selected")

    def on_mount(self) -> None:
        """Begin in the table, with the filter of the command line."""
        self.table.focus()
        self._take_filter(self.desk.look.filter_text)

    @property
    def table(self) -> "LineTable[int, JobView]":
        """The table."""
        return self.query_one(LineTable)

    def show_news(self, news: News) -> None:
        """Draw what has changed; sort again, but not too often when there are many."""
        self._show_surroundings()
        if not self._is_listed and not self.table.is_chosen:
            self.table.begin_at_top()  # pages come in another order than they are shown in
        if news.is_all:
            self._is_listed = self.desk.picture.link.state is LinkState.LIVE
            self._arrange()
        elif news.jobs:
            self.table.update(news.jobs)
            self._arrange_soon()
        else:
            self.table.tick()

    def step_back(self) -> bool:
        """Clear the filter; then the marks."""
        field = self.query_one("#filter", Input)
        if field.value or field.has_focus:
            self.set_filter("")
        elif self.table.marks:
            self.table.mark([])
            self._show_surroundings()
        else:
            return False
        return True

    def set_filter(self, text: str) -> None:
        """Show what passes this filter, and go to the table."""
        self.query_one("#filter", Input).value = text
        self.query_one("#filter-line").set_class(bool(text), "-open")
        self.table.focus()
        self._take_filter(text)

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one("#filter-line").add_class("-open")
        self.query_one("#filter", Input).focus()

    def action_sort(self) -> None:
        """Choose a column to sort by."""

        def chosen(column: str | None) -> None:
            if column:
                self._sort(Order(column))

        self.app.push_screen(ChoiceDialog("Sort by", list(KEYS), self.order.column), chosen)

    def action_invert(self) -> None:
        """Sort the other way."""
        self._sort(self.order.then(self.order.column))

    def action_scope(self) -> None:
        """List active jobs only, those that have just ended too, or all there are."""
        feed = self.desk.feed
        feed.show(SCOPES[(SCOPES.index(feed.scope) + 1) % len(SCOPES)])
        self._arrange()

    def action_mine(self) -> None:
        """Show my jobs only, or everybody's."""
        self.is_mine = not self.is_mine
        self._arrange()

    def action_mark(self) -> None:
        """Mark the selected job, or not, and go on to the next."""
        table = self.table
        if table.cursor is not None:
            table.marks ^= {table.cursor}
            table.update(frozenset({table.cursor}))
            table.action_move(1)
            self._show_surroundings()

    def action_mark_all(self) -> None:
        """Mark all jobs that pass the filter."""
        self.table.mark(self.table.order)
        self._show_surroundings()

    def action_unmark(self) -> None:
        """Mark none."""
        self.table.mark([])
        self._show_surroundings()

    def action_cancel(self) -> None:
        """Ask whether to cancel the marked jobs, or the selected one: these and no others."""
        if wanted := self._chosen():
            self.post_message(CancelWanted(wanted))

    def action_log(self) -> None:
        """Show what the selected job writes."""
        if self.table.cursor is not None:
            self.post_message(LogWanted(self.table.cursor))

    def action_copy(self) -> None:
        """Put the ids into the clipboard."""
        if wanted := self._chosen():
            text = " ".join(map(str, wanted))
            self.app.copy_to_clipboard(text)
            self.notify(f"copied {text}", markup=False)

    @on(Opened)
    def open_job(self) -> None:
        """Show the selected job in detail."""
        if self.table.cursor is not None:
            self.post_message(JobWanted(self.table.cursor))

    @on(HeadChosen)
    def sort_by_head(self, message: HeadChosen) -> None:
        """Sort by the column whose title was clicked."""
        self._sort(self.order.then(message.column))

    @on(Highlighted)
    def select(self) -> None:
        """Say more about the selected job; ask why it waits, once the selection rests."""
        self._show_selected()
        job = self._selected()
        if job and job.state == JobState.QUEUED and self.desk.picture.is_live:
            self._explain(job.id)

    @on(Explained)
    def keep_explanation(self, message: Explained) -> None:
        """Say why the selected job waits."""
        self._why = message
        self._show_selected()

    @on(Input.Changed)
    def filter_soon(self, message: Input.Changed) -> None:
        """Filter when a person has stopped typing for a moment."""
        self._typed += 1
        typed = self._typed
        self.set_timer(
            TYPING_S, lambda: self._take_filter(message.value) if typed == self._typed else None
        )

    @on(Input.Submitted)
    def end_filter(self, message: Input.Submitted) -> None:
        """Go to the table."""
        self.set_filter(message.value)

    @work(group="explain", exclusive=True, exit_on_error=False)
    async def _explain(self, job_id: int) -> None:
        await asyncio.sleep(DWELL_S)
        try:
            self.post_message(Explained(await self.desk.source.explain(job_id)))
        except JoborchError:
            return  # the line says what the picture knows

    def _chosen(self) -> list[int]:
        table = self.table
        marked = [job_id for job_id in table.marks if job_id in self.desk.picture.jobs]
        if marked:
            return sorted(marked)
        return [] if table.cursor is None else [table.cursor]

    def _selected(self) -> JobView | None:
        cursor = self.table.cursor
        return None if cursor is None else self.desk.picture.jobs.get(cursor)

    def _take_filter(self, text: str) -> None:
        try:
            self._filter, self._mistake = parse_filter(text, me=self.desk.look.user_id), ""
        except ValueError as error:
            self._mistake = str(error)
        self.query_one("#filter-line").set_class(bool(text) or self._is_typing(), "-open")
        self._arrange()

    def _is_typing(self) -> bool:
        return self.query_one("#filter", Input).has_focus

    def _sort(self, order: Order) -> None:
        self.order = order
        self._arrange()

    def _arrange_soon(self) -> None:
        if len(self.desk.picture.jobs) <= MANY:
            self._arrange()
        elif not self._is_arranging:
            self._is_arranging = True
            self.set_timer(REST_S, self._arrange)

    def _arrange(self) -> None:
        self._is_arranging = False
        glyphs = self.desk.look.glyphs
        sign = glyphs.down if self.order.is_reversed else glyphs.up
        self.table.sorted_by = (self.order.column, sign)
        self.table.show(self.order.sorted(self._passing()))
        self._show_surroundings()

    def _passing(self) -> list[JobView]:
        jobs, passes = self.desk.picture.jobs.values(), self._filter
        if self.desk.feed.scope is Scope.ACTIVE:
            jobs = [job for job in jobs if job.state in ACTIVE]  # type: ignore[assignment]  # both are iterated
        if self.is_mine:
            me = self.desk.look.user_id
            return [job for job in jobs if job.user_id == me and passes(job)]
        return [*jobs] if passes is everything else [job for job in jobs if passes(job)]

    def _show_surroundings(self) -> None:
        picture, look = self.desk.picture, self.desk.look
        self.query_one("#tally", Lines).show(lines.tally(picture, look))
        shown = lines.with_tabs(self._shown(), "jobs", self.size.width)
        self.query_one("#shown", Lines).show(shown)
        for name, write in (("quotas", lines.quota_panel), ("agents", lines.agent_panel)):
            panel = self.query_one(f"#{name}", Panel)
            if panel.size.width:
                panel.show(*write(picture, look, panel.size.width))
        self.set_class(not picture.jobs, "-empty")
        self.query_one("#empty", Static).update(self._invitation())
        self._show_selected()

    def _shown(self) -> list[Part]:
        if self._mistake:
            return [(f" {one_line(self._mistake)}", "$error")]
        order, dot = self.order, f" {self.desk.look.glyphs.dot} "
        parts = [
            f" {count(len(self.table.order))} of {count(len(self.desk.picture.jobs))}",
            f"{self.desk.feed.scope}{' and mine' if self.is_mine else ''}",
            f"by {order.column}{', turned round' if order.is_reversed else ''}",
        ]
        if self.table.marks:
            parts.append(f"{count(len(self.table.marks))} marked")
        return [(dot.join(parts), lines.QUIET)]

    def _show_selected(self) -> None:
        job = self._selected()
        is_told = self._why and job and self._why.explanation.job_id == job.id
        waits = job is not None and job.state == JobState.QUEUED
        why = self._why.explanation.message if self._why and is_told and waits else None
        parts = lines.selected(job, self.desk.picture, self.desk.look, why)
        self.query_one("#selected", Lines).show(parts)

    def _invitation(self) -> str:
        if self.desk.picture.is_live:
            return "No jobs yet.\n\njoborch submit -s SERVICE -- echo hello"
        hint = self.desk.picture.link.hint
        return f"No jobs known yet.\n\n{one_line(hint)}" if hint else "No jobs known yet."
