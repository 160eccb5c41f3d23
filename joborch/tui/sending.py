"""What of a frame is sent to the terminal: only what it does not show already.

A widget says which of its lines may have changed, and the framework sends them from their left edge
on. A clock is one cell of such a line; over a slow connection the rest is what a person waits for.
"""

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any, NamedTuple

from rich.console import Console, RenderableType
from rich.control import Control
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip


class Piece(NamedTuple):
    """A part of a line."""

    x: int
    y: int
    strip: Strip


class Shown:
    """The lines that a terminal shows."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._lines: dict[int, Strip] = {}

    def lacking(self, drawn: RenderableType | None) -> Any:
        """Return what has to be sent so that this is shown; None if it is.

        Untyped, as the framework wrongly declares its updates to be renderables.
        """
        if isinstance(drawn, LayoutUpdate):  # the terminal may have been cleared
            lines = enumerate(map(Strip.join, drawn.strips), drawn.region.y)
            return Pieces(self, [Piece(drawn.region.x, y, line) for y, line in lines])
        if isinstance(drawn, ChopsUpdate):
            pieces = [rest for piece in _pieces(drawn) if (rest := self._rest(piece)).strip]
            return Pieces(self, pieces) if pieces else None
        return drawn

    def note(self, piece: Piece) -> None:
        """Remember that this was sent."""
        before, end = self._lines.get(piece.y, Strip([])), piece.x + piece.strip.cell_length
        if piece.x <= before.cell_length:
            parts = before.crop(0, piece.x), piece.strip, before.crop(end)
            # In as few segments as what will be drawn, or they would seem to differ.
            self._lines[piece.y] = Strip.join(parts).simplify()

    def _rest(self, piece: Piece) -> Piece:
        """Return of a piece what lies between the first and the last cell that differ."""
        x, y, after = piece.x, piece.y, piece.strip.simplify()
        width, line = after.cell_length, self._lines.get(y)
        if line is None or line.cell_length < x + width:
            return piece
        before = line.crop(x, x + width)
        start = _alike(before, after, 1)
        end = width - _alike(before, after, -1)
        return Piece(x + start, y, after.crop(start, end))


class Pieces(CompositorUpdate):
    """An update of some parts of lines; noted as it is sent."""

    def __init__(self, shown: Shown, pieces: list[Piece]) -> None:
        """Send nothing yet."""
        self._shown, self._pieces = shown, pieces

    def render_segments(self, console: Console) -> str:
        """Return the characters for the terminal."""
        written = []
        for piece in self._pieces:
            self._shown.note(piece)
            place = Control.move_to(piece.x, piece.y).segment.text
            written.append(place + piece.strip.simplify().render(console))
        return "".join(written)


def _pieces(update: ChopsUpdate) -> Iterator[Piece]:
    """Return the parts of lines that may have changed, and no more, unlike the framework."""
    for y, first, last in update.spans:
        for x, strip in update.chops[y].items():
            if strip is not None and x < last and x + strip.cell_length > first:
                yield Piece(max(x, first), y, strip.crop(first - x, last - x))


def _alike(before: Strip, after: Strip, step: int) -> int:
    """Count the cells that are alike from the left, or with -1 from the right."""
    cells = 0
    pairs = zip([*before][::step], [*after][::step], strict=False)
    for old, new in pairs:
        if old != new:
            return cells + _alike_within(old, new, step)
        cells += new.cell_length
    return cells


def _alike_within(old: Segment, new: Segment, step: int) -> int:
    if old.style != new.style or not (_is_narrow(old.text) and _is_narrow(new.text)):
        return 0
    pairs: Iterable[tuple[str, str]] = zip(old.text[::step], new.text[::step], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _is_narrow(text: str) -> bool:
    """Return whether each character takes one cell."""
    return text.isascii() or all(Segment(character).cell_length == 1 for character in text)
