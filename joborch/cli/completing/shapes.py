"""What a command takes, without the command: its options, and where a word stands among them.

The options are read from ``options.tsv``, which ``scripts/reference`` writes out of the commands:
to load a command takes longer than a TAB may.
"""

from collections.abc import Sequence
from typing import NamedTuple

TABLE = __file__.removesuffix("shapes.py") + "options.tsv"
"""A line an option: whose it is, its names, what its value is like or nothing, and its help."""
COMMON = "*"
"""Whose the options are that every command has which speaks to a server."""


class Option(NamedTuple):
    """One option, under all its names."""

    names: tuple[str, ...]
    metavar: str
    """What its value is like; empty if it takes none."""
    help: str


class Shape(NamedTuple):
    """The options of a command, in the order in which they are offered."""

    options: tuple[Option, ...]

    def find(self, name: str) -> Option | None:
        """Return the option that is called so."""
        return next((option for option in self.options if name in option.names), None)


class Place:
    """Where the word at the cursor stands."""

    def __init__(self) -> None:
        self.arguments: list[str] = []
        """Those before it that are no options and no options' values."""
        self.given: dict[str, str] = {}
        """Values of options before it, by each of their names."""
        self.rest: tuple[str, ...] | None = None
        """What follows the first argument, where only that was looked for."""
        self.pending: Option | None = None
        """The option whose value it is."""
        self.is_tail = False
        """Whether it stands behind ``--``."""


def shape_of(*owners: str) -> Shape:
    """Return the options of some commands together; an empty name is joborch itself."""
    with open(TABLE, encoding="utf-8") as table:  # noqa: PTH123 - pathlib is slow to load
        rows = [line.rstrip("\n").split("\t") for line in table]
    return Shape(
        tuple(
            Option(tuple(names.split(" ")), metavar, text)
            for owner in owners
            for its, names, metavar, text in rows
            if its == owner
        )
    )


def place_after(shape: Shape, words: Sequence[str], *, is_first_all: bool = False) -> Place:
    """Walk over complete words; with ``is_first_all`` only as far as the first argument."""
    place = Place()
    for at, word in enumerate(words):
        if place.pending:
            _give(place, place.pending, word)
            place.pending = None
        elif word == "--":
            place.is_tail = True
            return place
        elif word.startswith("-") and len(word) > 1:
            _take_option(place, shape, word)
        else:
            place.arguments.append(word)
            if is_first_all:
                place.rest = tuple(words[at + 1 :])
                return place
    return place


def _take_option(place: Place, shape: Shape, word: str) -> None:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        option = shape.find(name)
        if option and option.metavar:
            _give(place, option, value) if equals else setattr(place, "pending", option)
        return
    for at, letter in enumerate(word[1:], 2):
        option = shape.find(f"-{letter}")
        if option and option.metavar:
            _give(place, option, word[at:]) if word[at:] else setattr(place, "pending", option)
            return


def _give(place: Place, option: Option, value: str) -> None:
    place.given |= dict.fromkeys(option.names, value)
