"""The columns of a table, and which of them there is room for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")
LEAST = 8
"""Cells of a column of which only the beginning is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[Row]):
    """One column."""

    name: str
    title: str
    width: int
    """At least, in cells."""
    most: int | None = None
    """It grows up to this, before the last column takes the room that is left."""
    text: Callable[[Row], str]
    """Fit for a terminal, of any length."""
    tone: Callable[[Row], str] | None = None
    """Names the style of a cell."""
    is_right: bool = False
    keeps_end: bool = False
    """Where there is no room for all of it, its beginning is left out."""
    gives_way: int = 0
    """Where there is no room, the column with the highest number goes first; 0 stays."""


def chosen(columns: Sequence[Column[Row]], names: Sequence[str]) -> list[Column[Row]]:
    """Return the columns of these names in their order; all of them where none is named."""
    by_name = {column.name: column for column in columns}
    return [by_name[name] for name in names] if names else list(columns)


def laid_out(
    columns: Sequence[Column[Row]], width: int, *, passed: int = 0
) -> list[tuple[Column[Row], int]]:
    """Return the columns there is room for, each with the cells it gets, one blank between.

    Those that are needed most; or, with ``passed``, the first and those that come after so many
    others, the last of which may be narrower than it should be.
    """
    shown = _after(columns, passed, width) if passed else _needed_most(columns, width)
    room = max(width - _needed(shown), 0)
    widths = []
    for column in shown:
        more = min(max((column.most or 0) - column.width, 0), room)
        room -= more
        widths.append(column.width + more)
    if widths:
        widths[-1] += room
    if passed:
        widths[-1] -= max(_needed(shown) - width, 0)
    return list(zip(shown, widths, strict=True))


def most_passed(columns: Sequence[Column[Row]], width: int) -> int:
    """Return how many columns have to be passed until the last one is whole; 0 if all fit."""
    first, others = columns[:1], columns[1:]
    for passed in range(len(others)):
        if _needed([*first, *others[passed:]]) <= width:
            return passed
    return max(len(others) - 1, 0)


def _needed_most(columns: Sequence[Column[Row]], width: int) -> list[Column[Row]]:
    shown = list(columns)
    while _needed(shown) > width and any(column.gives_way for column in shown):
        shown.remove(max(shown, key=lambda column: column.gives_way))
    return shown


def _after(columns: Sequence[Column[Row]], passed: int, width: int) -> list[Column[Row]]:
    shown = list(columns[:1])
    for column in columns[1 + passed :]:
        room = width - _needed(shown) - 1
        if room < min(column.width, LEAST):
            break
        shown.append(column)
    return shown


def _needed(columns: Sequence[Column[Row]]) -> int:
    return sum(column.width for column in columns) + max(len(columns) - 1, 0)
