"""Where the columns of a table are in its lines, and which of them are further to the side."""

from collections.abc import Iterator, Sequence
from typing import Generic

from joborch.tui.columns import Column, Row, laid_out, most_passed
from joborch.tui.formatting import Glyphs, fit

LEAD = 2
"""Cells in front of each line, for the selection and the mark; in the titles, for a sign."""


class Layout(Generic[Row]):
    """The columns that are shown, each with its cells."""

    def __init__(self, columns: Sequence[Column[Row]], glyphs: Glyphs) -> None:
        """Have no room yet."""
        self.columns, self.width = columns, 0
        self._glyphs = glyphs
        self._passed = self._most_passed = 0
        """How many columns are hidden between the first and the others, as a person wants it."""
        self._cells: list[tuple[Column[Row], int]] = []

    def __iter__(self) -> Iterator[tuple[Column[Row], int]]:
        """Go through the columns that are shown, each with the cells it has."""
        return iter(self._cells)

    @property
    def has_more(self) -> bool:
        """Whether there are columns further to the right."""
        return self._passed < self._most_passed

    def fill(self, width: int) -> None:
        """Give the columns so many cells, the lead among them."""
        self.width, room = width, width - LEAD
        self._most_passed = most_passed(self.columns, room)
        self._passed = min(self._passed, self._most_passed)
        self._cells = laid_out(self.columns, room, passed=self._passed)
        if self.has_more and self._cells[-1][0].is_right:  # its title would be below the sign
            self._cells = laid_out(self.columns, room - LEAD, passed=self._passed)

    def shift(self, by: int) -> bool:
        """Show columns further to the right; returns whether there were any."""
        before = self._passed
        self._passed = max(0, min(before + by, self._most_passed))
        self.fill(self.width)
        return self._passed != before

    def titles(self, sorted_by: tuple[str, str]) -> str:
        """Write the titles, with a sign beside the name of one, and where there are more."""
        name, sign = sorted_by
        cells = [(self._glyphs.left if self._passed else "").ljust(LEAD)]
        for column, width in self:
            title = column.title + (sign if column.name == name else "")
            cells.append(fit(title, width, is_right=column.is_right, more="") + " ")
        text = "".join(cells)
        if not self.has_more:
            return fit(text, self.width, more="")
        return fit(text, self.width - 1, more="") + self._glyphs.right

    def name_at(self, x: int) -> str | None:
        """Return the column that has a cell of the lines."""
        right = LEAD
        for column, width in self:
            right += width + 1
            if x < right:
                return column.name
        return None
