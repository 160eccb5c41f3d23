"""Tables: columns aligned for people, or delimited for programs. Knows nothing of any row."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from joborch.domain.text import one_line

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[Row]):
    """One column of a table."""

    name: str
    """For ``--fields``, and the head of TSV and CSV."""
    head: str
    text: Callable[[Row], str]
    """For people."""
    raw: Callable[[Row], object]
    """For programs; None is empty."""
    color: Callable[[Row], str | None] = lambda row: None
    at: Callable[[Row], datetime | None] | None = None
    """The time of which ``text`` says how long ago it was, for those who prefer the time."""
    is_right: bool = False
    gives_way: int = 0
    """Columns with a higher number disappear first when the terminal is narrow; 0 never does."""
    is_extra: bool = False
    """Shown only by ``--format wide`` or ``--fields``."""
    is_for_programs: bool = False
    """Shown to programs, and to people only by ``--fields``."""


def aligned(
    columns: Sequence[Column[Row]],
    rows: Sequence[Row],
    *,
    width: int | None,
    colored: Callable[[str, str | None], str],
) -> Iterator[str]:
    """Yield a table's lines, the first its head, none wider than ``width``.

    When there is too little room, columns give way, and then the widest is cut.
    """
    cells = {column.name: [one_line(column.text(row)) for row in rows] for column in columns}
    shown, widths = _fitting(columns, cells, width)
    yield colored("  ".join(_pads(shown, [c.head for c in shown], widths)).rstrip(), "dim")
    for index, row in enumerate(rows):
        texts = [cells[column.name][index] for column in shown]
        yield "  ".join(
            colored(text, column.color(row))
            for column, text in zip(shown, _pads(shown, texts, widths), strict=True)
        ).rstrip()


def delimited(columns: Sequence[Column[Row]], rows: Sequence[Row], form: str) -> list[str]:
    """Write rows as ``tsv`` or ``csv``, with a head; no cell holds a tab or a line end."""
    table = [[column.name for column in columns]]
    table += [[_raw(column.raw(row)) for column in columns] for row in rows]
    if form == "tsv":
        return ["\t".join(cells) for cells in table]
    return [",".join(_quoted(cell) for cell in cells) for cells in table]


def _raw(value: object) -> str:
    return "" if value is None else one_line(str(value))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"') else cell


def _fitting(
    columns: Sequence[Column[Row]], cells: dict[str, list[str]], width: int | None
) -> tuple[list[Column[Row]], list[int]]:
    """Drop columns until the rest fits, then shorten the widest."""
    shown = list(columns)
    while True:
        widths = [max([len(c.head), *map(len, cells[c.name])]) for c in shown]
        excess = sum(widths) + 2 * (len(widths) - 1) - width if width else 0
        droppable = [column for column in shown if column.gives_way]
        if excess <= 0 or not droppable:
            break
        shown.remove(max(droppable, key=lambda column: column.gives_way))
    if excess > 0:
        widest = widths.index(max(widths))
        widths[widest] = max(widths[widest] - excess, 6)
    return shown, widths


def _pads(columns: list[Column[Row]], texts: list[str], widths: list[int]) -> list[str]:
    cut = [
        text if len(text) <= width else text[: width - 1] + "…"
        for text, width in zip(texts, widths, strict=True)
    ]
    return [
        text.rjust(width) if column.is_right else text.ljust(width)
        for column, text, width in zip(columns, cut, widths, strict=True)
    ]
