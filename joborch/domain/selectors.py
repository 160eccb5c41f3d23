"""How people name jobs, in one grammar for every command.

::

    42          one job                     b-31        all jobs of a batch
    42,44       several                     b-31[1-10]  those with these indices
    40-60:2     a range, every second       @failed     all in a state or group of states
    last        the newest submission       last~2      the one two before it
    @held       all that wait and are held           name=dock-*   all that are called so
    -           ids to be read from standard input
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from joborch.domain.arrays import ArraySpec, parse_array
from joborch.domain.states import GROUPS, HELD, JobState, states_named

_IDS = re.compile(r"[0-9,:-]+")
_BATCH = re.compile(r"b-([0-9]{1,18})(?:\[([^\]]+)\])?")
_LAST = re.compile(r"last(?:~([0-9]{1,4}))?")
_TOO_LONG = re.compile(r"[0-9]{10}")
_ID = re.compile(r"[0-9]{1,18}")
NAME = "name="


@dataclass(frozen=True, slots=True)
class Ids:
    """Jobs by their ids, in the order they were named. A range may have gaps, a single id not."""

    ids: tuple[int, ...]
    required: frozenset[int]
    """Those named one by one: a job that is not there is a mistake."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The jobs of a batch, or those with certain indices."""

    name: str
    indices: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class InStates:
    """Jobs in one of some states."""

    words: str
    """States, groups and ``held`` with commas, checked."""


@dataclass(frozen=True, slots=True)
class Named:
    """Jobs of a name; a star stands for anything."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Last:
    """What this client submitted last, or so many times before."""

    back: int = 0


@dataclass(frozen=True, slots=True)
class FromInput:
    """Ids on standard input."""


Selector = Ids | Batch | InStates | Named | Last | FromInput


def parse_selector(text: str) -> Selector:
    """Read one selector.

    Raises:
        ValueError: with the reason, fit to be shown to the user.
    """
    if text == "-":
        return FromInput()
    if text.startswith("@"):
        return InStates(check_states_or_held(text[1:]))
    if text.startswith(NAME) and text != NAME:
        return Named(text.removeprefix(NAME))
    if match := _LAST.fullmatch(text):
        return Last(int(match[1] or 0))
    if match := _BATCH.fullmatch(text):
        indices = frozenset(parse_array(match[2]).indices) if match[2] else None
        return Batch(f"b-{int(match[1])}", indices)
    if _IDS.fullmatch(text):
        return _ids(text)
    raise ValueError(f"{text!r} names no jobs: give ids like 42, 40-60, b-31, @failed or last")


def check_states(words: str) -> str:
    """Return ``words`` if they are states and groups with commas; ``ValueError`` otherwise."""
    return _checked(words, [*JobState, *GROUPS])


def check_states_or_held(words: str) -> str:
    """Return ``words`` if they are what ``state:`` of a filter may be; ``ValueError`` otherwise."""
    return _checked(words, [*JobState, HELD, *GROUPS])


def is_about_held(words: str) -> bool:
    """Whether ``words`` are more than states: only a filter can ask for them."""
    return HELD in words.split(",")


def ids_in(text: str) -> list[int]:
    """Read ids out of lines: words that are ids, or JSON objects with an ``id``.

    Raises:
        ValueError: naming the first thing that is neither.
    """
    found: list[int] = []
    for line in text.splitlines():
        found += [_json_id(line)] if line.lstrip().startswith("{") else map(_id, line.split())
    return found


def spelt(ids: list[int]) -> str:
    """Write ids as a selector: ``7,40-60``."""
    parts: list[list[int]] = []
    for job_id in ids:
        if parts and job_id == parts[-1][-1] + 1:
            parts[-1][1:] = [job_id]
        else:
            parts.append([job_id])
    return ",".join("-".join(map(str, part)) for part in parts)


def _checked(words: str, known: Sequence[str]) -> str:
    for word in words.split(","):
        if word in known:
            continue
        try:
            states_named(word)  # which has more names for them
        except KeyError:
            there = ", ".join(known)
            raise ValueError(f"{word!r} is no state of a job; there are {there}") from None
    return words


def _ids(text: str) -> Ids:
    if _TOO_LONG.search(text):
        raise ValueError(f"no selection of jobs: {text!r}: an id has at most 9 digits")
    try:
        spec: ArraySpec = parse_array(text)
    except ValueError as error:
        reason = str(error).removeprefix("array ").replace("has more than", "names more than")
        raise ValueError(f"no selection of jobs: {reason}") from None
    if 0 in spec.indices:
        raise ValueError(f"no selection of jobs: {text!r}: ids begin with 1")
    singles = (part for part in text.split(",") if _ID.fullmatch(part))
    return Ids(spec.indices, frozenset(int(part) for part in singles))


def _id(word: str) -> int:
    if not _ID.fullmatch(word):
        raise ValueError(f"{word[:40]!r} is no job's id")
    return int(word)


def _json_id(line: str) -> int:
    import json

    try:
        return int(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{line[:40]!r} has no job's id in it") from None
