"""What stands before the colon of a filter's word, and how what follows is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from joborch.domain.conditions import (
    Condition,
    Counts,
    HasId,
    InBatch,
    InStates,
    IsHeld,
    IsTagged,
    Lasts,
    Reads,
)
from joborch.domain.durations import parse_duration
from joborch.domain.patterns import parse_glob, parse_part, parse_search
from joborch.domain.states import GROUPS, HELD, JobState, states_named

_RANGE = re.compile(r"(\d{1,18})(?:-(\d{1,18})(?::(\d{1,9}))?)?", re.ASCII)
_BATCH = re.compile(r"(?:b-)?(\d{1,18})(?:\[([^\]]+)\])?", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that can be asked about."""

    read: Callable[[str, str], Condition]
    """Reads an operator and a value; ``ValueError`` with what is wrong with the value."""
    example: str
    operators: tuple[str, ...] = (":",)


def find(word: str) -> str:
    """Return the key that is called so.

    Raises:
        ValueError: there is none; with the nearest, or with all there are.
    """
    name = ALIASES.get(word.lower(), word.lower())
    if name in KEYS:
        return name
    import difflib  # only a mistake needs it

    near = difflib.get_close_matches(name, [*KEYS, *ALIASES], n=1)
    known = f"{near[0]}?" if near else f"there are {' '.join(KEYS)}, and quotes for parts of names"
    raise ValueError(f"{word}: is no condition; {known}")


def _state(_: str, word: str) -> Condition:
    if word == HELD:
        return IsHeld()
    try:
        return InStates(states_named(word.lower()))
    except KeyError:
        known = ", ".join([*JobState, HELD, *GROUPS])
        raise ValueError(f"{word!r} is no state of a job; there are {known}") from None


def _text(fact: Literal["user_id", "service", "agent"]) -> Callable[[str, str], Condition]:
    return lambda _, value: Reads(fact, parse_glob(value))


def _name(operator: str, value: str) -> Condition:
    return Reads("name", parse_search(value) if operator == "~" else parse_glob(value))


def _tag(_: str, text: str) -> Condition:
    key, equals, value = text.partition("=")
    return IsTagged(key, value if equals else None)


def _batch(_: str, text: str) -> Condition:
    match = _BATCH.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no batch like b-31 or b-31[1-10]")
    indices = match[2].split(",") if match[2] else []
    return InBatch(int(match[1]), tuple(map(_range, indices)))


def _range(text: str) -> range:
    match = _RANGE.fullmatch(text)
    first, last, step = match.groups() if match else (text, None, None)
    if not match or (last and int(last) < int(first)) or (step and not int(step)):
        raise ValueError(f"{text!r} is no selection of jobs like 42, 40-60 or 40-60:2")
    return range(int(first), int(last or first) + 1, int(step or 1))


def _count(fact: Literal["priority", "exit_code"]) -> Callable[[str, str], Condition]:
    def read(operator: str, text: str) -> Condition:
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"{text!r} is no number")
        return Counts(fact, operator, int(text))

    return read


def _span(fact: Literal["age", "run", "ended"]) -> Callable[[str, str], Condition]:
    def read(operator: str, text: str) -> Condition:
        try:
            return Lasts(fact, operator, parse_duration(text))
        except ValueError as error:
            raise ValueError(f"{text!r} is {error}") from None

    return read


def _part(fact: Literal["name", "reason"]) -> Callable[[str, str], Condition]:
    return lambda _, value: Reads(fact, parse_part(value))


_MORE_OR_LESS = ("<", "<=", ">", ">=")
KEYS: Mapping[str, Key] = {
    "state": Key(_state, "state:failed"),
    "user": Key(_text("user_id"), "user:ann"),
    "service": Key(_text("service"), "service:example"),
    "tag": Key(_tag, "tag:run=night"),
    "name": Key(_name, "name:dock-* or name~^dock", (":", "~")),
    "agent": Key(_text("agent"), "agent:compute-1"),
    "age": Key(_span("age"), "age>2h", _MORE_OR_LESS),
    "run": Key(_span("run"), "run<30s", _MORE_OR_LESS),
    "ended": Key(_span("ended"), "ended<1h", _MORE_OR_LESS),
    "prio": Key(_count("priority"), "prio>=70", (":", *_MORE_OR_LESS)),
    "exit": Key(_count("exit_code"), "exit:1", (":", *_MORE_OR_LESS)),
    "reason": Key(_part("reason"), "reason:signal"),
    "batch": Key(_batch, "batch:b-31"),
    "id": Key(lambda _, text: HasId(_range(text)), "id:40-60"),
}
PART = Key(_part("name"), "dock", ("",))
"""A word without a key."""
ALIASES: Mapping[str, str] = {"svc": "service", "priority": "prio"}
