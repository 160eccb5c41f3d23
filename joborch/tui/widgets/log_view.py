"""What a job wrote: the last ten thousand lines, of which only those on the screen are drawn."""

from collections import deque
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from joborch.client import LogRestarted
from joborch.domain.text import sanitize
from joborch.tui.commands import LOG_VIEW, bindings
from joborch.wire.events import LogText
from joborch.wire.jobs import JobView

MOST_LINES = 10_000
MOST_CHARACTERS = 4096
"""Of one line."""


class LogView(ScrollView, can_focus=True):
    """Lines of stdout and stderr in the order they came."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LOG_VIEW)]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--stderr", "log--match"}

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.follows = True
        self.dropped = 0
        """How many lines in front are not kept any more."""
        self.sought = ""
        self.lines: deque[tuple[str, str]] = deque()
        """Stream and text."""
        self._open: dict[str, str] = {}
        """The last line of a stream, whose end has not come yet."""
        self._left = 0

    def take(self, item: LogText | LogRestarted | JobView) -> None:
        """Take in what is told of a log; with the job itself it has ended."""
        match item:
            case LogText(stream=stream, text=text):
                self.write(stream, text)
            case LogRestarted():
                self.end()
                self.write("stderr", "--- the job starts again on another host ---\n")
            case JobView():
                self.end()

    def write(self, stream: str, text: str) -> None:
        """Take in what a job wrote, in any pieces."""
        *whole, rest = (self._open.pop(stream, "") + text).split("\n")
        for line in whole:
            self._append(stream, line)
        if rest:
            self._open[stream] = rest[:MOST_CHARACTERS]
        self._grow()

    def end(self) -> None:
        """Show lines that no line end came for."""
        for stream, text in self._open.items():
            self._append(stream, text)
        self._open = {}
        self._grow()

    def clear(self) -> None:
        """Forget everything."""
        self.lines.clear()
        self._open, self.dropped = {}, 0
        self._grow()

    def find(self, sought: str, by: int) -> int | None:
        """Show the next line that has ``sought`` in it, and return its number from 1."""
        self.sought = sought
        self.refresh()
        found = [i for i, (_, text) in enumerate(self.lines) if self._has(text)]
        if not found:
            return None
        top = self.scroll_offset.y
        ahead = [i for i in found if (i > top if by > 0 else i < top)]
        place = (ahead[0] if by > 0 else ahead[-1]) if ahead else found[0 if by > 0 else -1]
        self._go(place)
        return place + 1 + self.dropped

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, place = self.size.width, self.scroll_offset.y + y
        if place >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        stream, text = self.lines[place]
        style = Style()
        if self._has(text):
            style = self.get_component_rich_style("log--match")
        elif stream == "stderr":
            style = self.get_component_rich_style("log--stderr")
        strip = Strip([Segment(text, style)]).crop(self._left, self._left + width)
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def action_follow(self) -> None:
        """Stay at the end, or stop doing so."""
        self.follows = not self.follows
        if self.follows:
            self._go(len(self.lines), follows=True)

    def action_move(self, by: int) -> None:
        """Scroll by lines."""
        self._go(self.scroll_offset.y + by)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self._go(self.scroll_offset.y + by * max(self.size.height - 1, 1))

    def action_jump(self, place: int) -> None:
        """Show the beginning, or with -1 the end, and stay there."""
        self._go(place if place >= 0 else len(self.lines), follows=place < 0)

    def action_shift(self, by: int) -> None:
        """Show what is further to the right."""
        self._left = max(self._left + by, 0)
        self.refresh()

    def on_resize(self) -> None:
        """Keep the end in sight."""
        self._grow()

    def _append(self, stream: str, text: str) -> None:
        for line in sanitize(text.removesuffix("\r")[:MOST_CHARACTERS]).split("\n"):
            self.lines.append((stream, line.expandtabs()))
        while len(self.lines) > MOST_LINES:
            self.lines.popleft()
            self.dropped += 1

    def _grow(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.lines))
        if self.follows:
            self.scroll_to(y=len(self.lines), animate=False, force=True, immediate=True)
        self.refresh()

    def _go(self, y: int, *, follows: bool = False) -> None:
        self.follows = follows
        self.scroll_to(y=max(y, 0), animate=False, force=True, immediate=True)

    def _has(self, text: str) -> bool:
        return bool(self.sought) and self.sought.casefold() in text.casefold()
