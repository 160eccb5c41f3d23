"""The columns of a table, and which of them there is room for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


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


def laid_out(columns: Sequence[Column[Row]], width: int) -> list[tuple[Column[Row], int]]:
    """Return the columns there is room for, each with the cells it gets, one blank between."""
    shown = list(columns)
    while _needed(shown) > width and any(column.gives_way for column in shown):
        shown.remove(max(shown, key=lambda column: column.gives_way))
    room = max(width - _needed(shown), 0)
    widths = []
    for column in shown:
        more = min(max((column.most or 0) - column.width, 0), room)
        room -= more
        widths.append(column.width + more)
    if widths:
        widths[-1] += room
    return list(zip(shown, widths, strict=True))


def _needed(columns: Sequence[Column[Row]]) -> int:
    return sum(column.width for column in columns) + max(len(columns) - 1, 0)
