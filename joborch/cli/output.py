"""What a command prints: tables for people, other forms for programs, each from the same columns.

Results go to stdout, everything else to stderr. No text reaches a terminal unsanitised.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TextIO, TypeVar

from joborch.cli.exits import UsageError
from joborch.cli.options import Common
from joborch.cli.tables import Column, aligned, delimited
from joborch.client.plain import plain
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
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self._options = options
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self.is_terminal = self._stdout.isatty()
        self.form = self._form()
        self._progress = _one_of("--progress", options.progress, PROGRESS)
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
        """Tell the person something that is no result."""
        if not self._options.quiet:
            self._stderr.write(text + "\n")

    def trouble(self, text: str) -> None:
        """Tell what did not go well; only who asked for no word at all is not told."""
        if self._options.quiet < 2:
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

    def selected(self, value: object) -> None:
        """Print one JSON document, with those of its fields that were asked for."""
        self.document(self._with_fields(value))

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
            self.selected(document)
        elif self.form == "ndjson":
            for row in rows:
                self.selected(row)
        else:
            for text in self._lines(columns, rows, ids):
                self.line(text)
        if summary and not self.is_for_programs:
            self.note(summary)

    def aligned(self, columns: Sequence[Column[Row]], rows: Sequence[Row]) -> Iterator[str]:
        """Yield the lines of a table, the first its head, each fit for the terminal."""
        width = shutil.get_terminal_size().columns if self.form == "table" else None
        return aligned(self._chosen(columns), rows, width=width, colored=self.colored)

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
                return delimited(self._chosen(columns), rows, self.form)
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
