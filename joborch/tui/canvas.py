"""Curves in a grid of characters: eight braille dots each, or halves, for fonts without those."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import groupby, pairwise

from joborch.tui.widgets.lines import Part

ACROSS, DOWN = 2, 4
"""Dots of one character."""
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BRAILLE = 0x2800
_UPPER = 0x01 | 0x02 | 0x08 | 0x10


class Graph(StrEnum):
    """What curves are drawn with."""

    BRAILLE = "braille"
    """Eight dots a character."""
    BLOCK = "block"
    """Its upper and its lower half; also the console's font has these."""
    ASCII = "ascii"
    """The same in seven bits."""


_HALVES: Mapping[Graph, tuple[str, str, str]] = {
    Graph.BLOCK: ("▀", "▄", "█"),
    Graph.ASCII: ("'", ".", ":"),
}
"""Upper, lower, both."""


class Canvas:
    """So many characters wide and high, empty at first."""

    def __init__(self, width: int, height: int) -> None:
        """Draw nothing yet."""
        self.width, self.height = width, height
        self._bits: dict[tuple[int, int], int] = {}
        self._tones: dict[tuple[int, int], str] = {}

    def draw(
        self, values: Sequence[float], most: float, tone: str, *, is_dotted: bool = False
    ) -> None:
        """Draw a curve from the left edge to the right; ``most`` is at the top, 0 at the bottom.

        Where curves meet in a character, it has the colour of the one that was drawn last. One that
        is dotted leaves out every other character, so that it hides no other and is told apart.
        """
        if not values or most <= 0:
            return
        last = self.width * ACROSS - 1
        heights = [self._row(_between(values, x / last) / most) for x in range(last + 1)]

        def dot(x: int, y: int) -> None:
            if not (is_dotted and (x // ACROSS + y // DOWN) % 2):
                self._dot(x, y, tone)

        dot(0, heights[0])
        for column, (before, row) in enumerate(pairwise(heights), 1):
            step = 1 if row >= before else -1
            for y in range(before + step if row != before else row, row + step, step):
                dot(column, y)

    def lines(self, graph: Graph) -> list[list[Part]]:
        """Return the characters, each run of one colour as a part."""
        return [self._line(y, graph) for y in range(self.height)]

    def _row(self, share: float) -> int:
        last = self.height * DOWN - 1
        return last - round(max(min(share, 1.0), 0.0) * last)

    def _dot(self, x: int, y: int, tone: str) -> None:
        cell = (x // ACROSS, y // DOWN)
        self._bits[cell] = self._bits.get(cell, 0) | _BITS[x % ACROSS][y % DOWN]
        self._tones[cell] = tone

    def _line(self, y: int, graph: Graph) -> list[Part]:
        cells = [
            (_sign(self._bits.get((x, y), 0), graph), self._tones.get((x, y), ""))
            for x in range(self.width)
        ]
        runs = groupby(cells, key=lambda cell: cell[1])
        return [("".join(text for text, _ in run), tone) for tone, run in runs]


def _between(values: Sequence[float], share: float) -> float:
    """Return the value so far along, in proportion between its two neighbours."""
    place = share * (len(values) - 1)
    before, rest = int(place), place % 1
    after = min(before + 1, len(values) - 1)
    return values[before] * (1 - rest) + values[after] * rest


def _sign(bits: int, graph: Graph) -> str:
    if not bits:
        return " "
    if graph is Graph.BRAILLE:
        return chr(_BRAILLE + bits)
    upper, lower, both = _HALVES[graph]
    is_upper, is_lower = bool(bits & _UPPER), bool(bits & ~_UPPER)
    return both if is_upper and is_lower else upper if is_upper else lower
