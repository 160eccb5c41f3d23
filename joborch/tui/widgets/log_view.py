"""What a job wrote, as far as it is on the screen: only those rows are ever drawn."""

from collections.abc import Sequence
from itertools import islice
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from joborch.client import LogRestarted
from joborch.tui.commands import LOG_VIEW, bindings
from joborch.tui.log_lines import STREAMS, Line, LogLines, Row
from joborch.wire.events import LogText
from joborch.wire.jobs import JobView

SHOWN = (None, *STREAMS)


class LogView(ScrollView, can_focus=True):
    """Lines of stdout and stderr in the order they came."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LOG_VIEW)]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--stderr", "log--match", "log--found"}

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.log_lines = LogLines()
        self.follows = True
        self.is_wrapped = False
        self.sought = ""
        self.found: int | None = None
        """The number of the line that was looked for."""
        self._left = 0

    @property
    def in_sight(self) -> list[Line]:
        """The lines on the screen, each whole."""
        top = self.scroll_offset.y
        rows = islice(self.log_lines.rows, top, top + self.size.height)
        return list(dict.fromkeys(row.line for row in rows))

    @property
    def is_blank(self) -> bool:
        """Whether nothing has been written."""
        return not self.log_lines.lines

    def take(self, item: LogText | LogRestarted | JobView) -> None:
        """Take in what is told of a log; with the job itself it has ended."""
        match item:
            case LogText(stream=stream, text=text):
                self.log_lines.write(stream, text)
            case LogRestarted():
                self.log_lines.end()
                self.log_lines.write("stderr", "--- the job starts again on another host ---\n")
            case JobView():
                self.log_lines.end()
        self._grow()

    def clear(self) -> None:
        """Forget everything."""
        self.log_lines.clear()
        self.found = None
        self._grow()

    def seek(self, sought: str) -> None:
        """Mark the lines that have this in them."""
        self.sought, self.found = sought, None
        self.refresh()

    def find(self, by: int) -> bool:
        """Show the next line that has what is sought in it, or with -1 the one before."""
        numbers = self.log_lines.matching(self.sought)
        if not numbers:
            return False
        self.found = self._next_of(numbers, by)
        self._go(self.log_lines.place_of(self.found))
        self.refresh()
        return True

    def match(self) -> tuple[int, int]:
        """Return the how-manieth match was found, or 0, and how many there are."""
        numbers = self.log_lines.matching(self.sought)
        return numbers.index(self.found) + 1 if self.found in numbers else 0, len(numbers)

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        width, place = self.size.width, self.scroll_offset.y + y
        if place >= len(self.log_lines.rows):
            return Strip.blank(width, self.rich_style)
        row = self.log_lines.rows[place]
        strip = Strip([Segment(row.text, self._style_of(row))])
        strip = strip.crop(self._left, self._left + width)
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def action_follow(self) -> None:
        """Stay at the end, or stop doing so."""
        self.follows = not self.follows
        if self.follows:
            self._go(len(self.log_lines.rows), follows=True)

    def action_wrap(self) -> None:
        """Show long lines on several rows, or cut."""
        self.is_wrapped, self._left = not self.is_wrapped, 0
        self._arrange(self.log_lines.stream)

    def action_stream(self) -> None:
        """Show both streams, stdout, or stderr."""
        now = SHOWN.index(self.log_lines.stream)
        self._arrange(SHOWN[(now + 1) % len(SHOWN)])

    def action_move(self, by: int) -> None:
        """Scroll by rows."""
        self._go(self.scroll_offset.y + by)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self._go(self.scroll_offset.y + by * max(self.size.height - 1, 1))

    def action_jump(self, place: int) -> None:
        """Show the beginning, or with -1 the end, and stay there."""
        self._go(place if place >= 0 else len(self.log_lines.rows), follows=place < 0)

    def action_shift(self, by: int) -> None:
        """Show what is further to the right, of lines that are cut."""
        self._left = 0 if self.is_wrapped else max(self._left + by, 0)
        self.refresh()

    def on_resize(self) -> None:
        """Wrap at the new width, and keep the end in sight."""
        self._arrange(self.log_lines.stream)

    def _arrange(self, stream: str | None) -> None:
        """Lay the rows out anew; the line at the top stays there."""
        sight = self.in_sight
        self.log_lines.arrange(stream=stream, width=self.size.width if self.is_wrapped else None)
        self._grow()
        if sight and not self.follows:
            self._go(self.log_lines.place_of(sight[0].number))

    def _style_of(self, row: Row) -> Style:
        if row.line.number == self.found:
            return self.get_component_rich_style("log--found")
        if self.sought and self.sought.casefold() in row.line.text.casefold():
            return self.get_component_rich_style("log--match")
        is_quiet = row.line.stream != "stderr"
        return Style() if is_quiet else self.get_component_rich_style("log--stderr")

    def _next_of(self, numbers: Sequence[int], by: int) -> int:
        """Return the match after the last one found, or from the top of the screen on."""
        sight = self.in_sight
        here = self.found
        if here is None and sight:
            here = sight[0].number - (by > 0)
        ahead = [n for n in numbers if here is None or (n > here if by > 0 else n < here)]
        if not ahead:
            return numbers[0 if by > 0 else -1]
        return ahead[0 if by > 0 else -1]

    def _grow(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.log_lines.rows))
        if self.follows:
            y = len(self.log_lines.rows)
            self.scroll_to(y=y, animate=False, force=True, immediate=True)
        self.refresh()

    def _go(self, y: int, *, follows: bool = False) -> None:
        self.follows = follows
        self.scroll_to(y=max(y, 0), animate=False, force=True, immediate=True)
