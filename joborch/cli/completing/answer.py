"""Answers a TAB: from what was typed to the lines that a shell's function reads.

Each line is a value, and a tab and a word about it for shells that show it. A line that begins with
a colon asks the shell for something: ``:files``, ``:directories``, ``:nospace``.
"""

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence

from joborch.cli.commands import COMMANDS
from joborch.cli.completing import kinds
from joborch.cli.completing.shapes import COMMON, Option, Place, Shape, place_after, shape_of
from joborch.cli.completing.site import Site
from joborch.cli.completing.typed import Typed, read_line, unbroken

LISTING = {"63", "33", "64"}
"""How bash says that it is going to show the values rather than to insert one."""
MOST_SHOWN = 200


def answer(arguments: Sequence[str]) -> int:
    """Print what could stand at the cursor; whatever happens, quietly.

    ``arguments`` are ``bash LINE POINT BREAKS TYPE``, or the shell's name and the words, the last
    of which is the incomplete one.
    """
    try:
        sys.stdout.write("".join(f"{line}\n" for line in _lines(list(arguments))))
        sys.stdout.flush()
    except Exception:
        return 0
    return 0


def _lines(arguments: list[str]) -> list[str]:
    shell, *rest = arguments
    if shell != "bash":
        typed = Typed(tuple(rest[:-1]), rest[-1] if rest else "")
        return [_described(value, about) for value, about in candidates(typed)]
    line, point, breaks, listing = [*rest, "", ""][:4]
    typed = read_line(line[: int(point)])
    found = candidates(typed)
    start = 0 if typed.is_quoted else unbroken(typed.incomplete, breaks)
    is_listing = listing in LISTING and len(found) > 1
    return [
        value if value.startswith(":") else _for_bash(value[start:], about if is_listing else "")
        for value, about in found
    ]


def candidates(typed: Typed) -> list[tuple[str, str]]:
    """Return the words that could be what is typed, with a word about each."""
    root = place_after(known_shape(""), typed.words, is_first_all=True)
    if root.rest is None:
        if root.pending or typed.incomplete.startswith("-"):
            return _options("", known_shape(""), root, typed.incomplete)
        shown = [(name, entry.help) for name, entry in COMMANDS.items()]
        return _matching([*shown, *_aliases(root).items()], typed.incomplete)
    command, *words = root.arguments
    if command not in COMMANDS:
        command, *words = shlex.split(_aliases(root)[command])
    shape = known_shape(command)
    place = place_after(shape, [*words, *root.rest])
    place.given = root.given | place.given
    if place.is_tail:
        return [(kinds.FILES, "")]
    if place.pending or typed.incomplete.startswith("-"):
        return _options(command, shape, place, typed.incomplete)
    return _arguments(command, place, typed.incomplete)


def _aliases(place: Place) -> dict[str, str]:
    """Return the person's own commands, with what they stand for."""
    from pathlib import Path

    from joborch.client.places import config_path, site_config_path

    named = place.given.get("--config")
    usual = (config_path(os.environ), site_config_path(os.environ))
    if not named and not any(path.exists() for path in usual):
        return {}  # As a rule; what reads them takes as long to load as all else.
    from joborch.client.settings import read_files
    from joborch.domain.errors import JoborchError

    try:
        files = read_files(Path(named) if named else None, os.environ)
    except JoborchError:
        return {}
    return {name: words for file in reversed(files) for name, words in file.aliases.items()}


def _options(command: str, shape: Shape, place: Place, incomplete: str) -> list[tuple[str, str]]:
    """Complete an option's name or its value."""
    if place.pending:
        return _values(command, place.pending, place, incomplete)
    name, equals, value = incomplete.partition("=")
    option = shape.find(name)
    if equals and option:
        found = _values(command, option, place, value)
        return [(v if v.startswith(":") else f"{name}={v}", about) for v, about in found]
    named = ((_best(option, incomplete), option.help) for option in shape.options)
    return _matching(named, incomplete)


def _values(command: str, option: Option, place: Place, value: str) -> list[tuple[str, str]]:
    name = next((name for name in option.names if name in kinds.BY_OPTION), "")
    if command == "serve" and name == "--service":
        return []
    kind = kinds.BY_OPTION.get(name) or kinds.BY_METAVAR.get(option.metavar)
    if name == "--filter":
        return [*_of(kind, place, value, head=value.rpartition(" ")[0]), (":nospace", "")]
    return _of(kind, place, value, head=value.rpartition(",")[0] if name in kinds.LISTS else "")


def _arguments(command: str, place: Place, incomplete: str) -> list[tuple[str, str]]:
    verbs = ((verb, "") for verb in kinds.VERBS.get(command, ()) if not place.arguments)
    head = incomplete.rpartition(",")[0] if incomplete[:1].isdigit() else ""
    if command == "quota" and place.arguments[:1] == ["set"]:
        return _of_quota(place, incomplete)
    return [
        *_matching(verbs, incomplete),
        *_of(kinds.BY_COMMAND.get(command), place, incomplete, head=head),
    ]


def _of_quota(place: Place, incomplete: str) -> list[tuple[str, str]]:
    at = min(len(place.arguments), len(kinds.QUOTA)) - 1
    is_last = kinds.QUOTA[at] is kinds.QUOTA[-1]
    found = _of(kinds.QUOTA[at], place, incomplete, head="")
    return [*found, (":nospace", "")] if is_last and found else found


def _of(
    kind: "kinds.Kind | None", place: Place, incomplete: str, *, head: str
) -> list[tuple[str, str]]:
    """Return what is of a kind; ``head`` is what of the word is complete already."""
    if kind is None:
        return []
    if isinstance(kind, str):
        return [(kind, "")]
    before = incomplete[: len(head) + 1] if head else ""
    found = ((before + value, about) for value, about in _safely(kind(Site(place.given))))
    return _matching(found, incomplete)


def _safely(found: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield what can be had; that a server is away is no reason to offer nothing else."""
    try:
        yield from found
    except Exception:
        return


def _matching(found: Iterable[tuple[str, str]], incomplete: str) -> list[tuple[str, str]]:
    return [each for each in found if each[0].startswith(incomplete)][:MOST_SHOWN]


def _best(option: Option, incomplete: str) -> str:
    """Return that name of an option which is meant, or its longest."""
    meant = [name for name in option.names if name.startswith(incomplete)]
    return max(meant or option.names, key=lambda name: name.startswith("--"))


def known_shape(command: str) -> Shape:
    """Return what a command takes; an empty name is joborch itself."""
    if not command:
        return shape_of("", COMMON)
    entry = COMMANDS[command]
    own = entry.alias_of or command
    return shape_of(own, COMMON) if entry.is_client else shape_of(own)


def _described(value: str, about: str) -> str:
    return f"{value}\t{about}" if about else value


def _for_bash(value: str, about: str) -> str:
    return f"{value}  ({about})" if about else value
