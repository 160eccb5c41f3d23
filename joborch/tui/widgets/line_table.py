"""A table of any number of rows: only what is on the screen is ever rendered.

Rows are known by a key. The selection and the marks are keys too, so no refresh, sorting or
listing anew moves what an action is about.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Click, Resize
from textual.geometry import Offset, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from joborch.tui.columns import Column, Row
from joborch.tui.commands import TABLE, bindings
from joborch.tui.formatting import Glyphs, fit
from joborch.tui.layout import LEAD, Layout
from joborch.tui.messages import HeadChosen, Highlighted, Opened

Key = TypeVar("Key", bound=Hashable)

MOST_CACHED = 2000
RIGHT = 3
"""The button of a mouse."""
TONES = (
    *("queued", "held", "assigned", "running", "completed", "failed", "timed_out", "cancelled"),
    *("invalid", "lost", "up", "late", "draining", "down", "full", "quiet"),
)


class LineTable(ScrollView, Generic[Key, Row], can_focus=True):
    """A table whose rows are looked up when they are drawn."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(TABLE)]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--head",
        "table--cursor",
        *(f"tone--{tone}" for tone in TONES),
    }

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        row: Callable[[Key], Row | None],
        *,
        glyphs: Glyphs,
        id: str | None = None,
    ) -> None:
        """Show nothing yet.

        Args:
            columns: what there is room for of them is shown.
            row: looks a row up; None if it has gone.
            glyphs: how the selection is drawn.
            id: for the style sheet.
        """
        super().__init__(id=id)
        self.cursor: Key | None = None
        self.is_chosen = False
        """Whether a person has moved the selection; until then it may follow the first row."""
        self.marks: set[Key] = set()
        self.order: list[Key] = []
        self.sorted_by: tuple[str, str] = ("", "")
        """The name of a column and the sign beside its title."""
        self._row, self._glyphs = row, glyphs
        self._layout = Layout(columns, glyphs)
        self._places: dict[Key, int] = {}
        self._strips: dict[Key, Strip] = {}

    def show(self, order: Sequence[Key]) -> None:
        """Show these rows; the selected one stays selected, and in sight."""
        before = self._places.get(self.cursor) if self.cursor is not None else None
        offset, in_sight = (before or 0) - self.scroll_offset.y, self._in_sight()
        self.order = list(order)
        self._places = dict(zip(self.order, range(len(self.order)), strict=True))
        self.virtual_size = Size(self.size.width, len(self.order) + 1)
        if self.cursor not in self._places:
            self._select(self.order[min(before or 0, len(self.order) - 1)] if self.order else None)
        elif before is not None and self.cursor is not None and self.scroll_offset.y > 0:
            # At the very top one wants to see what comes; anywhere else the lines stand still.
            top = max(self._places[self.cursor] - offset, 0)
            self.scroll_to(y=top, animate=False, immediate=True)
        self._keep_cursor_visible()
        if self._in_sight() != in_sight:
            self._strips.clear()
            self.refresh()
            return
        self.refresh_line(self.scroll_offset.y)  # the titles
        self.tick()

    def begin_at_top(self) -> None:
        """Select nothing, so that the first row will be selected."""
        self._select(None)
        self.scroll_to(y=0, animate=False, immediate=True)

    def update(self, keys: frozenset[Key]) -> None:
        """Draw these rows again, if they are to be seen."""
        for key in keys:
            self._strips.pop(key, None)
        for key in self._in_sight():
            if key in keys:
                self.refresh_line(self._places[key] + 1)

    def tick(self) -> None:
        """Draw again the rows to be seen whose text has changed, with the time or otherwise."""
        before, self._strips = self._strips, {}
        for key in self._in_sight():
            if key not in before or before[key].text != self._strip(key).text:
                self.refresh_line(self._places[key] + 1)

    def mark(self, keys: Sequence[Key]) -> None:
        """Mark these and no others."""
        self.marks = set(keys)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the titles, or a row."""
        if self._room != self._layout.width:
            self._lay_out()  # a scroll bar has come or gone
        width = self._layout.width
        if y == 0:
            titles = self._layout.titles(self.sorted_by)
            return Strip([Segment(titles, self.get_component_rich_style("table--head"))], width)
        place = self.scroll_offset.y + y - 1
        if place >= len(self.order):
            return Strip.blank(width, self.rich_style)
        key = self.order[place]
        is_here = key == self.cursor
        lead = (self._glyphs.cursor if is_here else " ") + ("*" if key in self.marks else " ")
        strip = Strip([Segment(lead), *self._strip(key)], width)
        if is_here and self.has_focus:
            cursor = self.get_component_rich_style("table--cursor")
            return Strip(Segment.apply_style(strip, post_style=cursor), width)
        return strip.apply_style(self.rich_style)

    def action_move(self, by: int) -> None:
        """Select the row so many further down."""
        self._go((self._places.get(self.cursor, 0) if self.cursor is not None else 0) + by)

    def action_page(self, by: int) -> None:
        """Select the row a page further down."""
        self.action_move(by * max(self.size.height - 2, 1))

    def action_jump(self, place: int) -> None:
        """Select the first row, or with -1 the last."""
        self._go(place % max(len(self.order), 1))

    def action_shift(self, by: int) -> None:
        """Show the columns further to the right, beside the first one."""
        if self._layout.shift(by):
            self._strips.clear()
            self.refresh()

    def action_open(self) -> None:
        """Say that the selected row is to be opened."""
        if self.cursor is not None:
            self.post_message(Opened())

    def on_click(self, event: Click) -> None:
        """Select the row, open it at the second click, or sort by the column."""
        is_right = event.button == RIGHT
        if event.y == 0:
            if is_right:
                return
            if name := self._layout.name_at(event.x):
                self.post_message(HeadChosen(name))
            return
        place = self.scroll_offset.y + event.y - 1
        if place < len(self.order):
            self._go(place)
            if is_right:
                self.right_clicked(event.screen_offset)
            elif event.chain == 2:
                self.action_open()

    def right_clicked(self, at: Offset) -> None:
        """Do what a click with the right button on the selected row is for: here nothing."""

    @property
    def cursor_offset(self) -> Offset:
        """Where on the screen the selected row is."""
        place = self._places.get(self.cursor, 0) if self.cursor is not None else 0
        return self.region.offset + Offset(LEAD, 1 + place - self.scroll_offset.y)

    def on_resize(self, event: Resize) -> None:
        """Lay the columns out for the new width."""
        self._lay_out()
        self.virtual_size = Size(event.size.width, len(self.order) + 1)
        self._keep_cursor_visible()

    def on_focus(self) -> None:
        """Draw the selection."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw the selection without its colour."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget what was drawn in other colours."""
        super().notify_style_update()
        self._strips.clear()

    def _in_sight(self) -> list[Key]:
        top = self.scroll_offset.y
        return self.order[top : top + self.size.height]

    @property
    def _room(self) -> int:
        """How many cells a line has, beside a scroll bar."""
        return self.scrollable_content_region.width

    def _lay_out(self) -> None:
        self._layout.fill(self._room)
        self._strips.clear()

    def _strip(self, key: Key) -> Strip:
        if (known := self._strips.get(key)) is not None:
            return known
        if len(self._strips) > MOST_CACHED:
            self._strips.clear()
        strip = self._strips[key] = self._drawn(key)
        return strip

    def _drawn(self, key: Key) -> Strip:
        row, width = self._row(key), self._layout.width - LEAD
        if row is None:
            return Strip.blank(width)
        segments = []
        for column, cell_width in self._layout:
            text = column.text(row)
            text = text[-cell_width:] if column.keeps_end else text
            text = fit(text, cell_width, is_right=column.is_right, more=self._glyphs.more)
            segments.append(Segment(text + " ", self._tone(column, row)))
        length = sum(cell_width + 1 for _, cell_width in self._layout)
        return Strip(segments, length).adjust_cell_length(width)

    def _tone(self, column: Column[Row], row: Row) -> Style | None:
        tone = column.tone(row) if column.tone else ""
        return self._tone_style(tone) if tone else None

    def _tone_style(self, tone: str) -> Style:
        style = self.get_component_rich_style(f"tone--{tone}", partial=True)
        return Style(color=style.color, bold=style.bold, dim=style.dim)

    def _go(self, place: int) -> None:
        if self.order:
            self.is_chosen = True
            self._select(self.order[max(0, min(place, len(self.order) - 1))])
            self._keep_cursor_visible()

    def _select(self, key: Key | None) -> None:
        before, self.cursor = self.cursor, key
        for each in (before, key):
            if each is not None and each in self._places:
                self.refresh_line(self._places[each] + 1)
        if before != key:
            self.post_message(Highlighted())

    def _keep_cursor_visible(self) -> None:
        place = self._places.get(self.cursor) if self.cursor is not None else None
        if place is None or self.size.height < 2:
            return
        top, rows = self.scroll_offset.y, self.size.height - 1
        if place < top or place >= top + rows:
            wanted = place if place < top else place - rows + 1
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)
