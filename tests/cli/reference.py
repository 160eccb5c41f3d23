"""Writes ``docs/commands.md`` out of the commands themselves; ``scripts/reference`` runs it."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperCommand, TyperOption

from joborch.cli import options
from joborch.cli.commands import COMMANDS, Entry
from joborch.cli.main import load

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
HEAD = """\
# Commands

Made by `scripts/reference` out of what `joborch COMMAND --help` says. What selects jobs is told in
[selecting.md](selecting.md), submission in [submitting.md](submitting.md), the dashboard in
[top.md](top.md), and what a client reads from files and the environment in
[configuration.md](configuration.md).

Exit codes: 0 success · 1 unexpected · 2 usage · 3 not found · 4 not allowed · 5 unreachable ·
6 refused · 7 some of several · 8 not finished yet · 10 failed · 11 cancelled · 12 invalid ·
13 results gone · 130 interrupted · 141 nobody reads the output.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *_common(), *_sections()])


def _sections() -> Iterator[str]:
    for name, entry in COMMANDS.items():
        if entry.alias_of is None:
            yield from _section(name, entry)


def _section(name: str, entry: Entry) -> Iterator[str]:
    command = load(name, entry)
    yield f"## joborch {name}\n"
    others = [other for other, its in COMMANDS.items() if its.alias_of == name]
    also = f" Also `joborch {others[0]}`." if others else ""
    yield f"{entry.help}{also}\n"
    examples = getattr(importlib.import_module(entry.target.partition(":")[0]), "EXAMPLES", "")
    if examples.strip():
        yield f"```\n{examples.strip()}\n```\n"
    rows = [*_rows(command, entry)]
    if rows:
        yield "| | |\n|---|---|"
        yield "\n".join(rows) + "\n"


def _rows(command: TyperCommand, entry: Entry) -> Iterator[str]:
    common = {*options.NAMES, "help"} if entry.is_client else {"help"}
    for parameter in command.params:
        if not isinstance(parameter, TyperOption) or parameter.hidden:
            continue
        if parameter.name not in common:
            yield _row(parameter)


def _common() -> Iterator[str]:
    status = load("status", COMMANDS["status"])
    yield "## Options of every command that speaks to a server\n\n| | |\n|---|---|"
    named = [one for one in status.params if one.name in options.NAMES]
    yield "\n".join(_row(one) for one in named if isinstance(one, TyperOption)) + "\n"


def _row(option: TyperOption) -> str:
    value = (
        "" if option.is_flag or option.count else f" {option.metavar or option.type.name.upper()}"
    )
    names = ", ".join([*option.opts, *option.secondary_opts])
    return f"| `{names}{value}` | {(option.help or '').replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    sys.stdout.write(page())
