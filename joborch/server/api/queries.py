"""Query parameters, read into what the operations take; every mistake is named at once."""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from joborch.domain.errors import InvalidRequestError
from joborch.domain.filters import EVERYTHING, parse_filter
from joborch.domain.names import shown
from joborch.domain.states import GROUPS, JobState, states_named
from joborch.server.api.forms import parse_time
from joborch.server.operations.query import JobQuery
from joborch.wire.events import EPOCH

T = TypeVar("T")

LARGEST_ID = 2**63 - 1
MOST_IDS = 1000
MOST_STARS = 5
_DIGITS = re.compile(r"\d{1,19}", re.ASCII)


def read_job_query(values: Mapping[str, str | None], *, limit: int, sort: str) -> JobQuery:
    """Read which jobs are wanted.

    Raises:
        InvalidRequestError: naming every mistake.
    """
    mistakes: list[str] = []

    def take(name: str, parse: Callable[[str], T], default: T) -> T:
        text = values.get(name)
        try:
            return default if text is None else parse(text)
        except ValueError as error:
            mistakes.append(f"{name}: {error}")
            return default

    query = JobQuery(
        ids=take("id", parse_ids, ()),
        users=take("user", _words, ()),
        services=take("service", _words, ()),
        states=take("state", parse_states, frozenset()),
        batch_id=take("batch", parse_batch, None),
        name=take("name", _pattern, None),
        tags=take("tag", _tags, {}),
        agent_ids=take("agent", _words, None),
        since=take("since", parse_time, None),
        until=take("until", parse_time, None),
        filter=take("q", parse_filter, EVERYTHING),
        sort=sort,
        limit=limit,
        cursor=values.get("cursor"),
    )
    if mistakes:
        raise InvalidRequestError(*mistakes)
    return query


def read_ids(given: Iterable[str] | None) -> tuple[int, ...]:
    """Read the parameter ``id``, in which ids have commas between them or which is given again.

    Raises:
        InvalidRequestError: naming it.
    """
    every = ",".join(given or ())
    return read_one("id", every, parse_ids) if every else ()


def refuse_others(given: Iterable[str], known: Collection[str]) -> None:
    """Refuse parameters that there are not: a mistyped filter must not mean everything.

    Raises:
        InvalidRequestError: naming each of them, with what was probably meant.
    """
    mistakes = []
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f"; {near[0]}?" if near else ""
            mistakes.append(f"there is no parameter {shown(name)}{meant}")
    if mistakes:
        raise InvalidRequestError(*mistakes)


def read_one(name: str, text: str, parse: Callable[[str], T]) -> T:
    """Read one parameter.

    Raises:
        InvalidRequestError: naming it.
    """
    try:
        return parse(text)
    except ValueError as error:
        raise InvalidRequestError(f"{name}: {error}") from None


def parse_id(text: str) -> int:
    """Read a job's id: a whole number that fits 64 bits."""
    if not _DIGITS.fullmatch(text) or not 0 < int(text) <= LARGEST_ID:
        raise ValueError(f"{shown(text)} is no job's id")
    return int(text)


def parse_ids(text: str) -> tuple[int, ...]:
    """Read ids with commas between them."""
    ids = tuple(parse_id(word) for word in _words(text))
    if len(ids) > MOST_IDS:
        raise ValueError(f"more than {MOST_IDS} ids")
    return ids


def parse_states(text: str) -> frozenset[JobState]:
    """Read states and groups of states with commas between them."""
    try:
        return frozenset().union(*(states_named(word) for word in _words(text)))
    except KeyError as error:
        known = ", ".join([*JobState, *GROUPS])
        raise ValueError(f"{shown(str(error.args[0]))} is no state; there are {known}") from None


def parse_batch(text: str) -> int:
    """Read a batch as ``b-31`` or ``31``."""
    digits = text.removeprefix("b-")
    if not _DIGITS.fullmatch(digits) or int(digits) > LARGEST_ID:
        raise ValueError(f"{shown(text)} is no batch like b-31")
    return int(digits)


def parse_seq(text: str) -> int:
    """Read the number of an event."""
    if not _DIGITS.fullmatch(text) or int(text) > LARGEST_ID:
        raise ValueError(f"{shown(text)} is no event's number")
    return int(text)


def parse_mark(text: str) -> tuple[int, datetime | None]:
    """Read an event's number, or its mark: the number and the moment, ``SEQ@MICROSECONDS``."""
    seq, at, micros = text.partition("@")
    if at and not _DIGITS.fullmatch(micros):
        raise ValueError(f"{shown(text)} is no event's mark")
    try:
        return parse_seq(seq), EPOCH + timedelta(microseconds=int(micros)) if at else None
    except OverflowError:
        raise ValueError(f"{shown(text)} is no event's mark") from None


def _pattern(text: str) -> str:
    """Read a name's pattern; many stars in one can keep a database busy for ever."""
    if len(text) > 200 or text.count("*") > MOST_STARS:
        raise ValueError(f"a pattern has at most 200 characters, {MOST_STARS} of them *")
    return text


def _words(text: str) -> tuple[str, ...]:
    """Read words with commas between them; none at all is a mistake, not everything."""
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if not words:
        raise ValueError("is empty")
    return words


def _tags(text: str) -> dict[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key or '"' in key:
        raise ValueError(f"{shown(text)} is not KEY=VALUE")
    return {key: value}
