"""Which keys hold: those of the commands, or the ones that a person has given them instead."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from string import punctuation

from textual.binding import Binding
from textual.keys import Keys, format_key

from joborch.tui import commands
from joborch.tui.command import DISPLAYED, Command

EVERYWHERE = (*commands.EVERYWHERE, *commands.TURNING)
ROOMS: Mapping[str, Sequence[Sequence[Command]]] = {
    "the list of jobs": (
        *(EVERYWHERE, commands.TABLE, commands.AT_HAND),
        *(commands.JOBS, commands.MARKS),
    ),
    "a job": (EVERYWHERE, commands.AT_HAND, commands.JOB),
    "a log": (EVERYWHERE, commands.LOG_VIEW, commands.LOG),
    "users": (EVERYWHERE, commands.TABLE),
    "agents": (EVERYWHERE, commands.TABLE, commands.AGENTS),
    "services": (EVERYWHERE, commands.TABLE, commands.SERVICES),
    "throughput": (EVERYWHERE, commands.THROUGHPUT),
    "events": (EVERYWHERE, commands.TABLE, commands.EVENTS),
    "a question": (commands.CONFIRM,),
    "a list to choose from": (commands.CHOICE,),
    "the menu": (commands.MENU,),
    "the choice of columns": (commands.COLUMNS,),
    "a field to type in": (commands.PROMPT,),
    "a text": (commands.READING,),
    "the help": (commands.HELP,),
}
"""What is there at the same time."""
COMMANDS = {one.id: one for groups in ROOMS.values() for group in groups for one in group}
MODIFIERS = ("ctrl+", "shift+", "alt+")


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys of all commands."""

    chosen: Mapping[str, str] = field(default_factory=dict)
    """Keys that were given to commands, by their ids; those have no others."""

    def keys(self, command: Command) -> list[str]:
        """Return the names of a command's keys."""
        return self.chosen.get(command.id, command.keys).split(",")

    def displayed(self, command: Command) -> str:
        """Write a command's keys as people call them."""
        return " ".join(map(shown, self.keys(command)))

    def first(self, command_id: str) -> str:
        """Write the first key of a command, for a sentence that names it."""
        return shown(self.keys(COMMANDS[command_id])[0])

    def leaving(self, command_id: str) -> str:
        """Write a key of a command that works beside a field too, where letters are typed."""
        keys = [shown(key) for key in self.keys(COMMANDS[command_id])]
        return next((key for key in keys if len(key) > 1), keys[0]).capitalize()

    def clashes(self) -> Iterator[str]:
        """Say where a chosen key is that of two commands, once for each two."""
        told: set[frozenset[str]] = set()
        for room, groups in ROOMS.items():
            holders: dict[str, list[Command]] = defaultdict(list)
            for command in (one for group in groups for one in group):
                for key in self.keys(command):
                    holders[key].append(command)
            for key, held_by in holders.items():
                ids = frozenset(one.id for one in held_by)
                if len(ids) > 1 and ids & self.chosen.keys() and ids not in told:
                    told.add(ids)
                    yield f"{shown(key)} is the key of {' and '.join(sorted(ids))} in {room}"


def keymap_of(chosen: Mapping[str, str]) -> Keymap:
    """Return the keys that hold; those of commands that there are not count for nothing."""
    known = {command: keys.split(",") for command, keys in chosen.items() if command in COMMANDS}
    return Keymap({command: ",".join(map(named, keys)) for command, keys in known.items()})


def strangers(chosen: Mapping[str, str]) -> Iterator[str]:
    """Say which commands there are not, each with the one that may be meant."""
    for command in chosen:
        if command not in COMMANDS:
            near = get_close_matches(command, COMMANDS, n=1)
            yield f"there is no command {command!r}" + (f"; is {near[0]!r} meant?" if near else "")


def mistake_in_keys(keys: str) -> str | None:
    """Say which of some keys is none; None if all are."""
    for key in keys.split(","):
        name = bare = named(key)
        for modifier in MODIFIERS:
            bare = bare.removeprefix(modifier)
        if name not in NAMES and bare not in NAMES and len(bare) != 1:
            return f"{key.strip()!r} is no key"
    return None


def named(key: str) -> str:
    """Return the framework's name of a key, which may be called by its character."""
    key = key.strip()
    return next(iter(Binding.make_bindings([(key, "", "")]))).key if key else key


def shown(key: str) -> str:
    """Write a key as people call it, in seven bits where its name is."""
    sign = format_key(key)
    return DISPLAYED.get(key) or (sign if len(sign) == 1 and sign.isascii() else key)


NAMES = {
    *(key.value for key in Keys if not key.value.startswith("<")),
    *map(named, punctuation.replace(",", "")),
    "comma",
}
"""What keys are called that are on no letter and no digit."""
