"""What is asked before something is done, written for the room that there is. Knows no widget."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.content import Content

from joborch.tui.formatting import fit

FEW = 3
"""Blank lines go before fewer things than this are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Things, of which some are named, and what a person has to know before he answers."""

    paragraphs: Sequence[str]
    """Always there whole, below the things."""
    things: Sequence[str] = ()
    """Those that may be named, a line each."""
    number: int = 0
    """How many there are of them in all."""
    more: str = ""
    """The sign that a line goes on."""

    def written(self, width: int, height: int) -> str:
        """Return its lines: all paragraphs, and as many things as there is room for."""
        told = sum(rows(paragraph, width) for paragraph in self.paragraphs)
        gaps = len(self.paragraphs) - (not self.things)
        fewest = min(len(self.things), FEW) + (self.number > FEW)
        is_airy = told + gaps + fewest <= height
        named = self._named(width, height - told - (gaps if is_airy else 0))
        parts = ["\n".join(named), *self.paragraphs]
        return ("\n\n" if is_airy else "\n").join(filter(None, parts))

    def _named(self, width: int, height: int) -> Iterator[str]:
        shown = self.things[: max(height, 0)]
        if len(shown) < self.number:
            shown = self.things[: max(min(len(self.things), height - 1), 0)]
        for thing in shown:
            yield fit(thing, width, more=self.more).rstrip()
        if shown and len(shown) < self.number:
            yield f"        and {self.number - len(shown)} more"


def rows(text: str, width: int) -> int:
    """Return how many lines a text takes where they are so wide."""
    return sum(len(Content(line).wrap(width)) or 1 for line in text.split("\n"))
