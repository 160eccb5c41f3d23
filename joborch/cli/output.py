"""What a command prints: tables for people, other forms for programs, each from the same columns.

Results go to stdout, everything else to stderr. No text reaches a terminal unsanitised.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TextIO, TypeVar

from joborch.cli.exits import UsageError
from joborch.cli.fields import Fields, listed_in
from joborch.cli.options import Common
from joborch.cli.tables import Column, aligned, delimited
from joborch.cli.times import Times
from joborch.domain.text import one_line

FORMATS = ("table", "wide", "plain", "tsv", "csv", "json", "ndjson", "ids")
COLOR = ("auto", "always", "never")
PROGRESS = ("auto", "always", "plain", "never")
COLORS = {"green": 32, "red": 31, "yellow": 33, "blue": 34, "cyan": 36, "dim": 2, "bold": 1}

Row = TypeVar("Row")


class Output:
    """The two streams of a command, and the form that was asked for."""

    def __init__(
        self,
        options: Common,
        *,
        fields: Collection[str] | None = None,
        times: Times | None = None,
        has_hints: bool = True,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        """Read how to print; nothing is printed.

        A command that changes something, or waits, gives the ``fields`` that it will show: it is
        too late afterwards to refuse others.
        """
        self._options = options
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self.is_terminal = self._stdout.isatty()
        self.form = self._form()
        self._progress = _one_of("--progress", options.progress, PROGRESS)
        self.has_color = _has_color(options.color, self._stdout)
        self.fields = Fields.read(options.fields)
        self._known = fields
        self.times = times or Times(now=datetime.now(UTC))
        self.has_hints = has_hints
        if fields is not None:
            self.fields.check(fields)

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
        if self._options.quiet or self._progress in {"plain", "never"}:
            return False
        return self._progress == "always" or (self._stderr.isatty() and not is_dumb())

    @property
    def tells_progress(self) -> bool:
        """Whether a line now and then on stderr is welcome."""
        return not self._options.quiet and self._progress != "never"

    def line(self, text: str) -> None:
        """Print one line of results; text from a server must have been sanitised."""
        if self._options.quiet < 2:
            self._stdout.write(text + "\n")
            self._stdout.flush()

    def note(self, text: str) -> None:
        """Tell the person something that is no result; programs find errors there, or nothing."""
        if not self._options.quiet and not self.is_json:
            self._stderr.write(text + "\n")

    def trouble(self, text: str) -> None:
        """Tell what did not go well; only who asked for no word at all is not told."""
        if self._options.quiet < 2:
            self._stderr.write(text + "\n")

    def hint(self, text: str) -> None:
        """Suggest something; only on a terminal, and if suggestions are welcome."""
        if self.has_hints and self._stderr.isatty() and self.is_terminal:
            self.note(self.colored(f"  hint: {text}", "dim"))

    def status(self, text: str) -> None:
        """Show progress in place; an empty text clears it."""
        if self.shows_progress:
            self._stderr.write(f"\r\x1b[K{one_line(text)}")
            self._stderr.flush()

    def document(self, value: object, known: Collection[str] = ()) -> None:
        """Print one JSON document, with those of its fields that were asked for.

        ``known`` is what it may have, where that cannot be seen.
        """
        # A terminal would obey some characters that JSON may hold as they are.
        chosen = self.fields.of_document(value, known, checks=self._known is None)
        self.line(json.dumps(chosen, ensure_ascii=self.is_terminal))

    def table(
        self,
        columns: Sequence[Column[Row]],
        rows: Sequence[Row],
        *,
        document: object,
        ids: Callable[[Row], int | str],
        summary: str = "",
    ) -> None:
        """Print rows in the form that was asked for."""
        if self.form == "json":
            self.document(document, listed_in(type(document)) or [each.name for each in columns])
        elif self.form == "ndjson":
            for row in rows:
                self.document(row)
        else:
            for text in self._lines(columns, rows, ids):
                self.line(text)
        if summary and not self.is_for_programs:
            self.note(summary)

    def aligned(self, columns: Sequence[Column[Row]], rows: Sequence[Row]) -> Iterator[str]:
        """Yield the lines of a table, the first its head, each fit for the terminal."""
        width = shutil.get_terminal_size().columns if self.form == "table" else None
        shown = [self._timed(column) for column in self._of(columns)]
        return aligned(shown, rows, width=width, colored=self.colored)

    def colored(self, text: str, color: str | None) -> str:
        """Wrap a text in a colour, if colours are wanted."""
        return f"\x1b[{COLORS[color]}m{text}\x1b[0m" if color and self.has_color else text

    def _lines(
        self, columns: Sequence[Column[Row]], rows: Sequence[Row], ids: Callable[[Row], int | str]
    ) -> Iterable[str]:
        match self.form:
            case "ids":
                return [str(ids(row)) for row in rows]
            case "tsv" | "csv":
                return delimited(self._of(columns), rows, self.form)
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

    def _timed(self, column: Column[Row]) -> Column[Row]:
        at, times = column.at, self.times
        if at is None or times.is_relative:
            return column

        def text(row: Row) -> str:
            known = at(row)
            return times.moment(known) if known else ""

        head = column.name.removesuffix("_at").upper()
        return replace(column, head=head, text=text, is_right=False)

    def _of(self, columns: Sequence[Column[Row]]) -> list[Column[Row]]:
        return self.fields.of_columns(
            columns, is_wide=self.form == "wide", is_delimited=self.form in {"tsv", "csv"}
        )


def is_dumb() -> bool:
    """Whether the terminal can only append."""
    return os.environ.get("TERM", "dumb") == "dumb"


def _one_of(option: str, given: str | None, words: tuple[str, ...]) -> str:
    if given and given not in words:
        raise UsageError(f"{option} is one of {', '.join(words)}, not {given!r}")
    return given or words[0]


def _has_color(wanted: str | None, stream: TextIO) -> bool:
    if _one_of("--color", wanted, COLOR) != "auto":
        return wanted == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        return True
    return stream.isatty() and not is_dumb()
