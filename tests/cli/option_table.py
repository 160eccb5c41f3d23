"""Writes the table by which options are completed; ``scripts/reference`` runs it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperCommand, TyperGroup, TyperOption

from joborch.cli.commands import COMMANDS, Entry
from joborch.cli.completing.shapes import COMMON, TABLE, Option
from joborch.cli.main import load, root

PAGE = Path(TABLE)


def page() -> str:
    """Return the whole table."""
    return "".join(
        "\t".join([owner, " ".join(option.names), option.metavar, option.help]) + "\n"
        for owner, option in _rows()
    )


def options_of(command: TyperCommand | TyperGroup) -> list[Option]:
    """Return what a command has to offer."""
    context = command.make_context(command.name, [], resilient_parsing=True)
    params = command.get_params(context)  # with --help, which is not among its own
    return [_option(each) for each in params if isinstance(each, TyperOption) and not each.hidden]


def _rows() -> Iterator[tuple[str, Option]]:
    clients = [options_of(load(name, entry)) for name, entry in COMMANDS.items() if entry.is_client]
    common = [each for each in options_of(root()) if all(each in options for options in clients)]
    yield from ((COMMON, each) for each in common)
    yield from (("", each) for each in options_of(root()) if each not in common)
    for name, entry in COMMANDS.items():
        yield from ((name, each) for each in _own(name, entry, common))


def _own(name: str, entry: Entry, common: list[Option]) -> list[Option]:
    if entry.alias_of:
        return []
    return [
        each for each in options_of(load(name, entry)) if not (entry.is_client and each in common)
    ]


def _option(param: TyperOption) -> Option:
    is_alone = param.is_flag or param.count
    metavar = "" if is_alone else str(param.metavar or param.type.name).upper()
    # Short ones first: typer has those of --help in no order.
    names = sorted([*param.opts, *param.secondary_opts], key=lambda name: name.startswith("--"))
    return Option(tuple(names), metavar, param.help or "")


if __name__ == "__main__":
    sys.stdout.write(page())
