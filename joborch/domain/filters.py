"""Which jobs a person wants to see: one grammar for commands, the dashboard and the server.

::

    state:failed,held   svc:example   user:lab-*   one of several; a star is a gap
    name:dock-*   name~^dock   dock                the whole name; its beginning; a part of it
    tag:night   tag:run=7   prio>=70   exit:1      has this tag; with this value; numbers
    age>2h   ended<1h   run<30s                    submitted, or ended, so long ago; has run so long
    42   40-60   b-31[1-10]   @failed              as the commands have it
    !word   !state:failed   "two words"            not; in quotes, what else would mean something

All words must hold. What may stand before the colon is in ``filter_keys.py``.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from joborch.domain.conditions import Condition, JobFacts
from joborch.domain.filter_keys import KEYS, PART, find
from joborch.domain.filter_words import in_quotes, quoted, values_of, without_quoted, words_of
from joborch.domain.names import shown

_TERM = re.compile(r"([A-Za-z_]+)([<>]=?|[:=~])(.*)", re.DOTALL)
_OPERATOR = re.compile(r"[:=~<>]")
_MEANING = re.compile(r"^[!@]|[:=~<>]")
"""What a part of a name may have in quotes only."""
_IDS = re.compile(r"[0-9][0-9,:-]*")
_BATCH = re.compile(r"b-[0-9]+([\[,].*)?")


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter."""

    text: str
    """The word, so that everybody reads the same in it."""
    key: str
    """Of ``filter_keys.KEYS``; empty for a part of a name."""
    conditions: tuple[Condition, ...]
    """One of them has to hold."""
    is_negated: bool = False

    def matches(self, job: JobFacts, now: datetime) -> bool:
        """Whether it is true of a job."""
        return any(each.holds(job, now) for each in self.conditions) is not self.is_negated


@dataclass(frozen=True, slots=True)
class Filter:
    """Terms that must all hold; if there are none, every job passes."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        """Write it as a text that is read as the same filter."""
        return " ".join(term.text for term in self.terms)

    @property
    def keys(self) -> frozenset[str]:
        """What it asks about."""
        return frozenset(term.key for term in self.terms)

    def matches(self, job: JobFacts, now: datetime) -> bool:
        """Whether a job passes."""
        return all(term.matches(job, now) for term in self.terms)


EVERYTHING = Filter()


def parse_filter(text: str, *, me: str | None = None) -> Filter:
    """Read a filter; ``user:me`` is ``me``.

    Raises:
        ValueError: with every mistake and where it is, fit to be shown.
    """
    terms: list[Term] = []
    mistakes: list[str] = []
    for at, word in words_of(text):
        try:
            terms.append(_term(word, me))
        except ValueError as error:
            mistakes.append(f"{shown(word)} at {at}: {error}")
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return Filter(tuple(terms))


def is_condition(word: str) -> bool:
    """Whether a word is one of a filter, with a key, rather than the name of something."""
    return _TERM.match(word.removeprefix("!")) is not None


def _term(word: str, me: str | None) -> Term:
    is_negated = word.startswith("!")
    key, sign, values = _parts(_spelt_out(word.removeprefix("!")))
    if key == "user":
        values = [_whom(value, me) for value in values]
    known = KEYS[key] if key else PART
    if sign not in known.operators:
        raise ValueError(f"it is asked for as in {known.example}")
    write = quoted if key else _as_part
    return Term(
        text=f"{'!' * is_negated}{key}{sign}{','.join(map(write, values))}",
        key=key,
        conditions=tuple(known.read(sign, value) for value in values),
        is_negated=is_negated,
    )


def _spelt_out(word: str) -> str:
    """Return a word that names jobs, as the commands have it, with its key."""
    if word.startswith("@"):
        return f"state:{word[1:]}"
    if _IDS.fullmatch(word):
        return f"id:{word}"
    return f"batch:{word}" if _BATCH.fullmatch(word) else word


def _parts(word: str) -> tuple[str, str, list[str]]:
    """Return a word's key, operator and values; the first two are empty for a part of a name."""
    if match := _TERM.fullmatch(word):
        return find(match[1]), ":" if match[2] == "=" else match[2], values_of(match[3])
    if _OPERATOR.search(without_quoted(word)):
        raise ValueError("is neither KEY:VALUE nor, in quotes, a part of a name")
    return "", "", values_of(word)


def _whom(user: str, me: str | None) -> str:
    if user == "me" and me is None:
        raise ValueError("nobody knows who that is here; give the user's id")
    return me or user if user == "me" else user


def _as_part(value: str) -> str:
    means_more = _MEANING.search(value) or _spelt_out(value) != value
    return in_quotes(value) if means_more else quoted(value)
