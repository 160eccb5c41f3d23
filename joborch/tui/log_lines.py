"""What is known of a log, line by line, and how it is laid out in rows. Knows no widget."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import chop_cells

from joborch.domain.text import sanitize

MOST_LINES = 10_000
MOST_CHARACTERS = 4096
"""Of one line."""
STREAMS = ("stdout", "stderr")


class Line(NamedTuple):
    """A line that a job wrote."""

    number: int
    """From 1, those that are not kept any more included."""
    stream: str
    text: str


class Row(NamedTuple):
    """A line, or a part of one where lines are wrapped."""

    line: Line
    text: str


class LogLines:
    """The last ten thousand lines of stdout and stderr in the order they came."""

    def __init__(self) -> None:
        """Know of none yet; show both streams, unwrapped."""
        self.lines: deque[Line] = deque()
        self.rows: deque[Row] = deque()
        """Of the lines that are shown."""
        self.dropped = 0
        """How many lines in front are not kept any more."""
        self.stream: str | None = None
        """The only one that is shown; None: both."""
        self.width: int | None = None
        """Into rows of so many cells lines are wrapped; None: into none."""
        self._open: dict[str, str] = {}
        """The last line of a stream, whose end has not come yet."""

    @property
    def shown(self) -> Iterator[Line]:
        """The lines of what is shown."""
        return (line for line in self.lines if self._is_shown(line))

    def write(self, stream: str, text: str) -> None:
        """Take in what a job wrote, in any pieces."""
        *whole, rest = (self._open.pop(stream, "") + text).split("\n")
        for line in whole:
            self._append(stream, line)
        if rest:
            self._open[stream] = rest[:MOST_CHARACTERS]

    def end(self) -> None:
        """Take in lines that no line end came for."""
        for stream, text in self._open.items():
            self._append(stream, text)
        self._open = {}

    def clear(self) -> None:
        """Forget everything that was written."""
        self.lines.clear()
        self.rows.clear()
        self._open, self.dropped = {}, 0

    def arrange(self, *, stream: str | None, width: int | None) -> None:
        """Show one stream or both, wrapped or not."""
        if (stream, width) != (self.stream, self.width):
            self.stream, self.width = stream, width
            self.rows = deque(row for line in self.shown for row in self._rows_of(line))

    def place_of(self, number: int) -> int:
        """Return the first row of a line, or of the next one that is shown."""
        places = (place for place, row in enumerate(self.rows) if row.line.number >= number)
        return next(places, len(self.rows))

    def matching(self, sought: str) -> list[int]:
        """Return the numbers of the shown lines that have ``sought`` in them, whatever its case."""
        wanted = sought.casefold()
        return [line.number for line in self.shown if wanted and wanted in line.text.casefold()]

    def _append(self, stream: str, text: str) -> None:
        for part in sanitize(text.removesuffix("\r")[:MOST_CHARACTERS]).split("\n"):
            number = self.dropped + len(self.lines) + 1
            line = Line(number, stream, part.expandtabs())
            self.lines.append(line)
            if self._is_shown(line):
                self.rows.extend(self._rows_of(line))
        while len(self.lines) > MOST_LINES:
            self.lines.popleft()
            self.dropped += 1
        while self.rows and self.rows[0].line.number <= self.dropped:
            self.rows.popleft()

    def _is_shown(self, line: Line) -> bool:
        return self.stream in {None, line.stream}

    def _rows_of(self, line: Line) -> list[Row]:
        parts = chop_cells(line.text, self.width) if self.width else [line.text]
        return [Row(line, part) for part in parts or [""]]
