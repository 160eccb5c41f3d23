"""Looks at every state of a model, nearest first; must not know what the states mean.

States are numbered as they are found, and of each only that number is written down where it came
from and what can follow it: millions fit into memory.
"""

from array import array
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Generic[S]):
    """A beginning, what can happen, what must never be, and where all is well in the end."""

    start: S
    moves: Callable[[S], Iterable[tuple[str, S]]]
    wrong: Callable[[S], str]
    is_end: Callable[[S], bool]


@dataclass(frozen=True, slots=True)
class Explored:
    """All that can come about, or the shortest way to something wrong."""

    states: int
    violation: str = ""
    trace: tuple[str, ...] = ()
    stuck: int = 0
    """States from which no end can be reached."""

    def __str__(self) -> str:
        return f"{self.states} states, {self.violation or 'all well'}: {' > '.join(self.trace)}"


def explore(model: Model[S]) -> Explored:
    """Look at every state that can come about, until something is wrong."""
    numbers = {model.start: 0}
    states = [model.start]
    came_from, follows, ends_at = array("q", [-1]), array("q"), array("q")
    for number, state in enumerate(states):
        if violation := model.wrong(state):
            return Explored(len(states), violation, _trace(model, states, came_from, number))
        for _, after in model.moves(state):
            found = numbers.setdefault(after, len(states))
            if found == len(states):
                states.append(after)
                came_from.append(number)
            follows.append(found)
        ends_at.append(len(follows))
    is_ending = bytearray(map(model.is_end, states))
    return Explored(len(states), stuck=_count_stuck(is_ending, follows, ends_at))


def _trace(
    model: Model[S], states: list[S], came_from: "array[int]", number: int
) -> tuple[str, ...]:
    names = []
    while (before := came_from[number]) >= 0:
        moves = model.moves(states[before])
        names.append(next(name for name, after in moves if after == states[number]))
        number = before
    return tuple(reversed(names))


def _count_stuck(is_ending: bytearray, follows: "array[int]", ends_at: "array[int]") -> int:
    """Count the states from which no end can be reached; what follows often has a higher number."""
    left = [number for number, is_end in enumerate(is_ending) if not is_end]
    while True:
        still = []
        for number in reversed(left):
            begins_at = ends_at[number - 1] if number else 0
            if any(is_ending[after] for after in follows[begins_at : ends_at[number]]):
                is_ending[number] = True
            else:
                still.append(number)
        if len(still) == len(left):
            return len(still)
        left = still[::-1]
