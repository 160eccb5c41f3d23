"""What happens, line by line, and what happened before: the newest last."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Mount
from textual.widgets import Input, Static

from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.tui import happenings, lines
from joborch.tui.commands import EVENTS, bindings
from joborch.tui.desk import Desk
from joborch.tui.formatting import count
from joborch.tui.messages import EventsCame, JobWanted, Opened, Refused
from joborch.tui.news import News
from joborch.tui.screens.site import SiteScreen
from joborch.tui.tables import event_columns
from joborch.tui.widgets.line_table import LineTable
from joborch.tui.widgets.lines import Lines
from joborch.wire.events import EventPage, EventView

PAGE = 200
MOST = 10_000
"""So many are kept; the oldest go first."""


class EventsScreen(SiteScreen):
    """It follows the end until a person goes up; at the top it asks for what was before."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(EVENTS)]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._events: dict[int, EventView] = {}
        """By seq, in their order."""
        self._is_whole = False
        """Whether nothing happened before those that are known."""
        self._is_astray = False
        """Whether they are from about an earlier moment, and do not reach until now."""
        self._is_asking = False
        self._sought = ""

    def content(self) -> ComposeResult:
        """Return the table and a field to search in it."""
        columns = event_columns(self.desk.picture, self.desk.look, self.desk.clock)
        yield Lines(id="tally")
        yield LineTable[int, EventView](columns, self._events.get, glyphs=self.desk.look.glyphs)
        yield Static("Nothing has happened yet.", id="empty")
        with Horizontal(id="filter-line"):
            yield Static(" / ", id="filter-sign")
            yield Input(id="filter")

    @property
    def table(self) -> "LineTable[int, EventView]":
        """The table."""
        return self.query_one(LineTable)

    @on(Mount)
    def begin(self) -> None:
        """Ask for what happened last."""
        self.table.focus()
        self.watch(self.table, "scroll_y", self._reach_top, init=False)
        self._ask(None)

    def show_news(self, news: News) -> None:
        """Add what has happened; begin anew where some of it was missed."""
        picture = self.desk.picture
        if picture.pause is None:
            if self._is_astray or self._has_gap():
                self._forget()
                self._ask(None)
            elif news.is_all and picture.is_live:
                self._ask(None)
            last = next(reversed(self._events), 0)
            self._take([event for event in picture.happened if event.seq > last])
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
        """Select the next match further up, or further down."""
        self._find(by)

    @on(Input.Submitted)
    def search(self, message: Input.Submitted) -> None:
        """Select the newest match."""
        self._search(message.value)

    @on(Opened)
    def open_job(self) -> None:
        """Show the job that it happened to."""
        event = self._events.get(self.table.cursor or 0)
        if event:
            self.post_message(JobWanted(event.job_id))

    @on(EventsCame)
    def take_page(self, message: EventsCame) -> None:
        """Add a page at the front; or begin with it, if it does not join what is known."""
        self._is_asking = False
        page, first = message.page, next(iter(self._events), None)
        is_newest = message.before is None
        joins = self._has_one_of(page) if is_newest else first == message.before
        if not joins:
            self._forget()
            self._is_astray = not is_newest
        if not joins or not is_newest:
            self._is_whole = page.next is None
        self._take(page.items)
        self._show()

    @on(Refused)
    def take_refusal(self, message: Refused) -> None:
        """Say why there are no more."""
        message.stop()
        self._is_asking = False
        self.notify(message.text, severity="error", markup=False)

    def _has_one_of(self, page: EventPage) -> bool:
        """Whether one of these is known, and not another database's of the same number."""
        known = (self._events.get(event.seq) for event in page.items)
        return any(
            one and one.mark == event.mark for one, event in zip(known, page.items, strict=True)
        )

    def _has_gap(self) -> bool:
        """Whether more has happened than was heard."""
        ring = self.desk.picture.happened
        return bool(ring and self._events) and ring[0].seq > next(reversed(self._events)) + 1

    def _forget(self) -> None:
        self._events.clear()
        self._is_whole = self._is_astray = False

    def _reach_top(self, before: float, now: float) -> None:
        if now < 1 <= before and not self._is_whole and self._events and len(self._events) < MOST:
            self._ask(next(iter(self._events)))

    def _ask(self, before: int | None) -> None:
        picture = self.desk.picture
        if picture.is_cut_off or not picture.is_connected:
            return
        if before is None or not self._is_asking:
            self._is_asking = True
            self._read(before)

    @work(group="past", exclusive=True, exit_on_error=False)
    async def _read(self, before: int | None) -> None:
        try:
            page: EventPage = await self.desk.source.past(before=before, limit=PAGE)
        except JoborchError as error:
            self.post_message(Refused(one_line(error.message)))
        else:
            self.post_message(EventsCame(before, page))

    def _take(self, events: Iterable[EventView]) -> None:
        new = {event.seq: event for event in events if event.seq not in self._events}
        if not new:
            return
        every = sorted((self._events | new).items())
        self._is_whole = self._is_whole and len(every) <= MOST
        self._events.clear()
        self._events.update(every[-MOST:])

    def _show(self) -> None:
        pause, table = self.desk.picture.pause, self.table
        moment = pause.moment if pause else None
        if moment and moment.seq not in self._events:
            self._ask(moment.seq + 1)
        shown = [seq for seq in self._events if moment is None or seq <= moment.seq]
        if shown != table.order:
            follows = self._follows or moment is not None
            table.show(shown)
            if follows:
                table.action_jump(-1)
        self.set_class(not shown, "-empty")
        self._show_title()

    @property
    def _follows(self) -> bool:
        order = self.table.order
        return not order or self.table.cursor == order[-1]

    def _show_title(self) -> None:
        dot = f" {self.desk.look.glyphs.dot} "
        parts = [f"{count(len(self.table.order))} shown"]
        end = self.desk.look.keymap.first("table.end")
        parts.append("following" if self._follows else f"stopped; {end} follows")
        if self._sought:
            parts.append(f"{len(self._matches())} say {one_line(self._sought)}")
        title = lines.with_tabs(
            [(" Events", "bold"), f"  {dot.join(parts)}"], "events", self.size.width
        )
        self.query_one("#tally", Lines).show(title)

    def _search(self, sought: str) -> None:
        field = self.query_one("#filter", Input)
        field.value = self._sought = sought
        self.query_one("#filter-line").set_class(bool(sought), "-open")
        self.table.focus()
        self._find(-1)

    def _find(self, by: int) -> None:
        found = self._matches() if self._sought else []
        here = self.table.cursor or 0
        ahead = [seq for seq in found if (seq < here if by < 0 else seq > here)]
        if ahead:
            self.table.action_jump(self.table.order.index(ahead[-1] if by < 0 else ahead[0]))
        elif self._sought and here not in found:
            self.notify(
                f"nothing {'above' if by < 0 else 'below'} says {self._sought}", markup=False
            )
        self._show_title()

    def _matches(self) -> list[int]:
        sought = self._sought.casefold()
        return [seq for seq in self.table.order if sought in self._text(seq).casefold()]

    def _text(self, seq: int) -> str:
        event = self._events[seq]
        job = self.desk.picture.jobs.get(event.job_id)
        said = happenings.deed(event, self.desk.look.glyphs)
        return f"{event.job_id} {job.name if job else ''} {said} {happenings.doer(event)}"
