"""Job arrays: ``1-250``, ``0-100:5``, ``1,3,7``, each with ``%10`` for at most 10 at a time."""

import re
from dataclasses import dataclass

MAX_JOBS = 100_000
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArraySpec:
    """The indices of an array's jobs, in order, and how many of them may be active at once."""

    indices: tuple[int, ...]
    at_once: int | None = None


def parse_array(text: str) -> ArraySpec:
    """Read an array's specification.

    Raises:
        ValueError: if it is malformed, empty, names an index twice, or has over 100,000 jobs.
    """
    ranges, _, at_once = text.partition("%")
    if "%" in text and not (at_once.isascii() and at_once.isdigit() and int(at_once)):
        raise ValueError(f"array {text!r}: what follows % is not a whole number above 0")
    indices = [index for part in ranges.split(",") for index in _expand(text, part)]
    if len(indices) > MAX_JOBS:
        raise ValueError(f"array {text!r} has more than {MAX_JOBS} jobs")
    if len(set(indices)) != len(indices):
        raise ValueError(f"array {text!r} names an index twice")
    return ArraySpec(indices=tuple(indices), at_once=int(at_once) if at_once else None)


def _expand(text: str, part: str) -> range:
    match = _RANGE.fullmatch(part.strip())
    if not match:
        raise ValueError(f"array {text!r}: {part!r} is not like 1-250, 0-100:5 or 7")
    first, last, step = (int(group) if group else None for group in match.groups())
    if first is None or (last is not None and last < first) or step == 0:
        raise ValueError(f"array {text!r}: {part!r} is an empty range")
    found = range(first, (first if last is None else last) + 1, step or 1)
    if len(found) > MAX_JOBS:
        raise ValueError(f"array {text!r} has more than {MAX_JOBS} jobs")
    return found
