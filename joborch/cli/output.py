"""What a command prints: tables for people, other forms for programs, each from the same columns.

Results go to stdout, everything else to stderr. No text reaches a terminal unsanitised.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TextIO, TypeVar

from joborch.cli.exits import UsageError
from joborch.cli.options import Common
from joborch.client.plain import plain
from joborch.domain.text import one_line

FORMATS = ("table", "wide", "plain", "tsv", "csv", "json", "ndjson", "ids")
COLORS = {"green": 32, "red": 31, "yellow": 33, "blue": 34, "cyan": 36, "dim": 2, "bold": 1}
MOST_COLUMNS_WIDE = 10_000

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
    is_right: bool = False
    gives_way: int = 0
    """Columns with a higher number disappear first when the terminal is narrow; 0 never does."""
    is_extra: bool = False
    """Shown only by ``--format wide`` or ``--fields``."""


class Output:
    """The two streams of a command, and the form that was asked for."""

    def __init__(
        self,
        options: Common,
        *,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self._options = options
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self.is_terminal = self._stdout.isatty()
        self.form = self._form()
        self.has_color = _has_color(options.color, self._stdout)

    @property
    def is_for_programs(self) -> bool:
        """Whether stdout is to be read by a program."""
        return self.form not in {"table", "wide", "plain"}

    @property
    def is_json(self) -> bool:
        """Whether JSON was asked for, in one document or one a line."""
        return self.form in {"json", "ndjson"}

    @property
    def shows_progress(self) -> bool:
        """Whether a moving line on stderr is welcome."""
        wanted = self._options.progress or "auto"
        return not self._options.quiet and (
            wanted == "always" or (wanted == "auto" and self._stderr.isatty() and not is_dumb())
        )

    def line(self, text: str) -> None:
        """Print one line of results; text from a server must have been sanitised."""
        if self._options.quiet < 2:
            self._stdout.write(text + "\n")
            self._stdout.flush()

    def note(self, text: str) -> None:
        """Tell the person something that is no result."""
        if not self._options.quiet:
            self._stderr.write(text + "\n")

    def hint(self, text: str) -> None:
        """Suggest something; only on a terminal."""
        if self._stderr.isatty() and self.is_terminal:
            self.note(self.colored(f"  hint: {text}", "dim"))

    def status(self, text: str) -> None:
        """Show progress in place; an empty text clears it."""
        if self.shows_progress:
            self._stderr.write(f"\r\x1b[K{one_line(text)}")
            self._stderr.flush()

    def document(self, value: object) -> None:
        """Print one JSON document."""
        # A terminal would obey some characters that JSON may hold as they are.
        self.line(json.dumps(plain(value), ensure_ascii=self.is_terminal))

    def table(
        self,
        columns: Sequence[Column[Row]],
        rows: Sequence[Row],
        *,
        document: object,
        ids: Callable[[Row], int],
        summary: str = "",
    ) -> None:
        """Print rows in the form that was asked for."""
        if self.form == "json":
            self.document(self._with_fields(document))
        elif self.form == "ndjson":
            for row in rows:
                self.document(self._with_fields(row))
        else:
            for text in self._lines(columns, rows, ids):
                self.line(text)
        if summary and not self.is_for_programs:
            self.note(summary)

    def aligned(self, columns: Sequence[Column[Row]], rows: Sequence[Row]) -> Iterator[str]:
        """Yield the lines of a table, the first its head, each fit for the terminal."""
        columns = self._chosen(columns)
        cells = {c.name: [one_line(c.text(row)) for row in rows] for c in columns}
        width = shutil.get_terminal_size().columns if self.form == "table" else MOST_COLUMNS_WIDE
        shown, widths = _fitting(columns, cells, width)
        yield self.colored(_padded(shown, [c.head for c in shown], widths), "dim")
        for index, row in enumerate(rows):
            texts = [cells[column.name][index] for column in shown]
            padded = _pads(shown, texts, widths)
            yield "  ".join(
                self.colored(text, column.color(row))
                for column, text in zip(shown, padded, strict=True)
            ).rstrip()

    def colored(self, text: str, color: str | None) -> str:
        """Wrap a text in a colour, if colours are wanted."""
        return f"\x1b[{COLORS[color]}m{text}\x1b[0m" if color and self.has_color else text

    def _lines(
        self, columns: Sequence[Column[Row]], rows: Sequence[Row], ids: Callable[[Row], int]
    ) -> Iterable[str]:
        match self.form:
            case "ids":
                return [str(ids(row)) for row in rows]
            case "tsv" | "csv":
                return _delimited(self._chosen(columns), rows, self.form)
            case _:
                return self.aligned(columns, rows)

    def _form(self) -> str:
        chosen = self._options.chosen_format
        if chosen and chosen not in FORMATS:
            raise UsageError(
                f"there is no format {chosen!r}", hint=f"use one of {' '.join(FORMATS)}"
            )
        if chosen:
            return chosen
        if self._options.quiet:
            return "ids"
        return "table" if self.is_terminal else "tsv"

    def _chosen(self, columns: Sequence[Column[Row]]) -> list[Column[Row]]:
        usual = [c for c in columns if not c.is_extra or self.form == "wide"]
        words = [word for word in (self._options.fields or "").split(",") if word]
        if not words or self.is_json:
            return usual
        named = {column.name: column for column in columns}
        if unknown := [w for w in words if w.lstrip("+-") not in named and w != "all"]:
            known = ", ".join(named)
            raise UsageError(f"there is no field {unknown[0]!r}", hint=f"there are {known}")
        if "all" in words:
            return list(columns)
        if not words[0].startswith(("+", "-")):
            return [named[word] for word in words if word in named]
        dropped = {word[1:] for word in words if word.startswith("-")}
        added = [named[word[1:]] for word in words if word.startswith("+")]
        return [c for c in [*usual, *added] if c.name not in dropped]

    def _with_fields(self, value: object) -> object:
        builtins = plain(value)
        words = [word for word in (self._options.fields or "").split(",") if word]
        if not words or "all" in words or not isinstance(builtins, dict):
            return builtins
        if isinstance(builtins.get("items"), list):
            return {**builtins, "items": [_keys(item, words) for item in builtins["items"]]}
        return _keys(builtins, words)


def is_dumb() -> bool:
    """Whether the terminal can only append."""
    return os.environ.get("TERM", "dumb") == "dumb"


def _has_color(wanted: str | None, stream: TextIO) -> bool:
    if wanted not in {None, "auto", "always", "never"}:
        raise UsageError(f"--color is auto, always or never, not {wanted!r}")
    if wanted in {"always", "never"}:
        return wanted == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        return True
    return stream.isatty() and not is_dumb()


def _keys(item: object, words: list[str]) -> object:
    if not isinstance(item, dict):
        return item
    dropped = {word[1:] for word in words if word.startswith("-")}
    wanted = [word.lstrip("+") for word in words if not word.startswith("-")]
    if dropped and not wanted:
        return {key: value for key, value in item.items() if key not in dropped}
    if wanted and words[0].startswith(("+", "-")):
        return item
    return {key: item.get(key) for key in wanted}


def _delimited(columns: list[Column[Row]], rows: Sequence[Row], form: str) -> Iterable[str]:
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
    columns: list[Column[Row]], cells: dict[str, list[str]], width: int
) -> tuple[list[Column[Row]], list[int]]:
    """Drop columns until the rest fits, then shorten the widest."""
    shown = list(columns)
    while True:
        widths = [max([len(c.head), *map(len, cells[c.name])]) for c in shown]
        excess = sum(widths) + 2 * (len(widths) - 1) - width
        droppable = [column for column in shown if column.gives_way]
        if excess <= 0 or not droppable:
            break
        shown.remove(max(droppable, key=lambda column: column.gives_way))
    if excess > 0:
        widest = widths.index(max(widths))
        widths[widest] = max(widths[widest] - excess, 6)
    return shown, widths


def _padded(columns: list[Column[Row]], texts: list[str], widths: list[int]) -> str:
    return "  ".join(_pads(columns, texts, widths)).rstrip()


def _pads(columns: list[Column[Row]], texts: list[str], widths: list[int]) -> list[str]:
    cut = [
        text if len(text) <= width else text[: width - 1] + "…"
        for text, width in zip(texts, widths, strict=True)
    ]
    return [
        text.rjust(width) if column.is_right else text.ljust(width)
        for column, text, width in zip(columns, cut, widths, strict=True)
    ]
