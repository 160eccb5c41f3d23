"""The options that every client command has, declared once.

They may stand before the command's name or after it; after it wins.
"""

import os
from dataclasses import dataclass
from typing import Annotated, Any

import typer


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What was given of them, as texts; None, False or 0 where nothing was."""

    server: str | None = None
    profile: str | None = None
    config: str | None = None
    json: bool = False
    format: str | None = None
    fields: str | None = None
    quiet: int = 0
    verbose: int = 0
    color: str | None = None
    progress: str | None = None
    timeout: str | None = None
    no_input: bool = False
    utc: bool = False
    time_format: str | None = None
    write: bool = False

    @property
    def chosen_format(self) -> str | None:
        """The form of output that was asked for by name."""
        if self.json:
            return "json"
        return self.format or os.environ.get("JOBORCH_FORMAT") or None

    def over(self, other: "Common") -> "Common":
        """Return these options, with ``other``'s where nothing was given here."""
        return Common(**{name: getattr(self, name) or getattr(other, name) for name in NAMES})


NAMES = tuple(Common.__slots__)
QUIET = "Ids only, and errors; twice: nothing."
VERBOSE = "Say what is asked of the server; -vv: headers; -vvv: tracebacks."


def declaration(
    *,
    server: Annotated[
        str | None, typer.Option("-S", "--server", metavar="URL", help="Address of the server.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option("-P", "--profile", metavar="NAME", help="Profile to use.")
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", metavar="FILE", help="Configuration file.")
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="JSON on stdout: one document; of what streams, one a line."),
    ] = False,
    format: Annotated[
        str | None,
        typer.Option("--format", metavar="F", help="table wide plain tsv csv json ndjson ids."),
    ] = None,
    fields: Annotated[
        str | None, typer.Option("--fields", metavar="A,B", help="Columns; +x adds, -x drops.")
    ] = None,
    quiet: Annotated[
        int, typer.Option("-q", "--quiet", count=True, show_default=False, help=QUIET)
    ] = 0,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, show_default=False, help=VERBOSE)
    ] = 0,
    color: Annotated[
        str | None, typer.Option("--color", metavar="WHEN", help="auto, always or never.")
    ] = None,
    progress: Annotated[
        str | None, typer.Option("--progress", metavar="WHEN", help="auto, always, plain or never.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="DUR", help="Of one request; wait: of all.")
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask.")] = False,
    utc: Annotated[bool, typer.Option("--utc", help="As --time-format utc.")] = False,
    time_format: Annotated[
        str | None, typer.Option("--time-format", metavar="F", help="relative, local, utc or iso.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Change things in spite of a read-only profile.")
    ] = False,
) -> None:
    """Declare the options; never called."""


def take(params: dict[str, Any]) -> Common:
    """Remove the common options from a command's parameters and return them."""
    return Common(**{name: params.pop(name) for name in NAMES if name in params})
