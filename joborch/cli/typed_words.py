"""The order in which a command line was typed, which its parser forgets: what stood behind what.

It knows nothing of what the words mean.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An option's value, and the arguments that follow it up to the next option."""

    option: str
    value: str
    is_joined: bool = False
    """It was written ``--option=value``: no shell can have put anything behind that."""
    behind: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedWords:
    """The arguments of a command line."""

    loose: Sequence[str]
    """Those that follow none of the options that are looked at."""
    given: Sequence[Given]


def typed_words(
    words: Sequence[str], *, watched: Collection[str], valued: Collection[str]
) -> TypedWords:
    """Find the arguments that follow ``watched`` options; ``valued`` are all that take a value."""
    loose: list[str] = []
    given: list[Given] = []
    behind = loose
    left = iter(words)
    for word in left:
        if not word.startswith("-") or word == "-":
            behind.append(word)
            continue
        behind = loose
        option, is_joined, value = word.partition("=")
        if option in watched:
            value = value if is_joined else next(left, "")
            given.append(Given(option=option, value=value, is_joined=bool(is_joined)))
            behind = given[-1].behind
        elif _takes_next(word, valued):
            next(left, None)
    return TypedWords(loose=loose, given=given)


def _takes_next(word: str, valued: Collection[str]) -> bool:
    """Whether the word behind is an option's value: ``--name X``, ``-n X``, ``-qn X``."""
    if word.startswith("--"):
        return word in valued
    takers = [word.index(letter[1]) for letter in _letters(word) if letter in valued]
    return bool(takers) and min(takers) == len(word) - 1


def _letters(word: str) -> Iterator[str]:
    return (f"-{letter}" for letter in word[1:])
