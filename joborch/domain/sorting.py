"""In which order jobs are listed: keys with commas between them, the last word always the id."""

import difflib
from dataclasses import dataclass

from joborch.domain.names import shown

KEYS = ("id", "submitted_at", "finished_at", "priority", "state", "user", "service", "name")


@dataclass(frozen=True, slots=True)
class SortKey:
    """One thing to go by, where those before it are the same."""

    name: str
    is_descending: bool = False


def parse_sort(text: str) -> tuple[SortKey, ...]:
    """Read ``user,-priority``; the last of the keys returned is the id, so no two jobs are equal.

    If it is not named, it goes the way of the key before it. What follows it would never count,
    and is left out.

    Raises:
        ValueError: for a key that there is not, or that is named twice.
    """
    keys = [_key(word.strip()) for word in text.split(",")]
    names = [key.name for key in keys]
    if twice := [name for name in KEYS if names.count(name) > 1]:
        raise ValueError(f"{twice[0]!r} is there twice")
    if "id" not in names:
        return (*keys, SortKey("id", keys[-1].is_descending))
    return tuple(keys[: names.index("id") + 1])


def _key(word: str) -> SortKey:
    name = word.removeprefix("-")
    if name in KEYS:
        return SortKey(name, word.startswith("-"))
    near = difflib.get_close_matches(name, KEYS, n=1)
    meant = f"is {near[0]!r} meant?" if near else f"there are {' '.join(KEYS)}"
    raise ValueError(f"there is no key {shown(name)}; {meant}")
