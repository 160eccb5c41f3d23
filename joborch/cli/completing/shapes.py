"""What a command takes, without the command: its options, and where a word stands among them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Option:
    """One option, under all its names."""

    names: tuple[str, ...]
    help: str
    metavar: str | None
    """What its value is like; None if it takes none."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The options of a command, in the order of its help."""

    options: tuple[Option, ...]

    def find(self, name: str) -> Option | None:
        """Return the option that is called so."""
        return next((option for option in self.options if name in option.names), None)


@dataclass(slots=True)
class Place:
    """Where the word at the cursor stands."""

    arguments: list[str] = field(default_factory=list)
    """Those before it that are no options and no options' values."""
    given: dict[str, str] = field(default_factory=dict)
    """Values of options before it, by each of their names."""
    rest: tuple[str, ...] | None = None
    """What follows the first argument, where only that was looked for."""
    pending: Option | None = None
    """The option whose value it is."""
    is_tail: bool = False
    """Whether it stands behind ``--``."""


def shape_of(command: Any) -> Shape:
    """Return the shape of a command of typer's."""
    context = command.make_context(command.name, [], resilient_parsing=True)
    params = command.get_params(context)  # with --help, which is not among its own
    shown = [each for each in params if each.param_type_name == "option" and not each.hidden]
    return Shape(tuple(map(_option, shown)))


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


def as_json(shape: Shape) -> list[list[object]]:
    """Return a shape as it is kept in a file."""
    return [[list(each.names), each.help, each.metavar] for each in shape.options]


def from_json(kept: Any) -> Shape:
    """Return a shape out of a file."""
    return Shape(tuple(Option(tuple(names), text, metavar) for names, text, metavar in kept))


def _option(param: Any) -> Option:
    is_alone = param.is_flag or param.count
    metavar = None if is_alone else str(param.metavar or param.type.name).upper()
    return Option((*param.opts, *param.secondary_opts), param.help or "", metavar)


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
