"""Which columns or keys are shown: ``--fields a,b``, ``+a``, ``-b`` and ``all``."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_type_hints

from joborch.cli.exits import UsageError
from joborch.cli.tables import Column, Row
from joborch.client.plain import plain

Fact = TypeVar("Fact")
LISTS = ("items", "jobs", "submissions")
"""Under these names documents have what they list; it is that of which fields are chosen."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The words that were given; none of them: whatever is usual."""

    words: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str | None) -> "Fields":
        """Take the words apart."""
        return cls(tuple(word.strip() for word in (text or "").split(",") if word.strip()))

    def check(self, known: Collection[str]) -> None:
        """Refuse a word that is no field.

        Raises:
            UsageError: naming the nearest, and all there are.
        """
        unknown = [name for name in map(_name, self.words) if name not in {*known, "all"}]
        if not unknown:
            return
        near = difflib.get_close_matches(unknown[0], known, n=1)
        meant = f"; is {near[0]!r} meant?" if near else ""
        there = ", ".join(dict.fromkeys(known)) or "none to choose from"
        raise UsageError(f"there is no field {unknown[0]!r}{meant}", hint=f"there are {there}")

    def of_columns(
        self, columns: Sequence[Column[Row]], *, is_wide: bool = False, is_delimited: bool = False
    ) -> list[Column[Row]]:
        """Return the columns that are wanted, in the order of their naming."""
        usual = [
            column
            for column in columns
            if (is_wide or not column.is_extra) and (is_delimited or not column.is_for_programs)
        ]
        if not self.words:
            return usual
        named = {column.name: column for column in columns}
        self.check([*named])
        if "all" in self.words:
            return list(columns)
        if not self._changes_the_usual:
            return [named[word] for word in self.words if word in named]
        added = [named[_name(word)] for word in self.words if word.startswith("+")]
        return [column for column in [*usual, *added] if column.name not in self._dropped]

    def of_document(
        self, value: object, known: Collection[str] = (), *, checks: bool = True
    ) -> object:
        """Return a document as plain values, with the keys that are wanted.

        ``known`` is what it may have, where that cannot be seen: it may list nothing. Without
        ``checks``, what it has not is left out.

        Raises:
            UsageError: for a key that neither it has nor ``known``.
        """
        document = plain(value)
        if not self.words or not isinstance(document, dict):
            return document
        name = next((name for name in LISTS if isinstance(document.get(name), list)), None)
        if checks:
            self.check(_keys([document] if name is None else document[name]) or known)
        if name is None:
            return self.of_facts(document)
        return {**document, name: [self.of_facts(item) for item in document[name]]}

    def of_facts(self, item: Mapping[str, Fact]) -> dict[str, Fact]:
        """Return those facts of one thing that are wanted and known."""
        if not self.words or "all" in self.words:
            return {**item}
        if self._changes_the_usual:
            return {key: value for key, value in item.items() if key not in self._dropped}
        return {word: item[word] for word in self.words if word in item}

    @property
    def _changes_the_usual(self) -> bool:
        return self.words[0].startswith(("+", "-"))

    @property
    def _dropped(self) -> set[str]:
        return {_name(word) for word in self.words if word.startswith("-")}


def listed_in(kind: type[Any]) -> tuple[str, ...]:
    """Return the fields of what a document of this kind lists: those of a job, for a page."""
    hints = get_type_hints(kind)
    listed = next((hints[name] for name in LISTS if name in hints), None)
    return tuple(field for each in get_args(listed) for field in fields_of(each))


def fields_of(kind: type[Any]) -> tuple[str, ...]:
    """Return the fields of one thing; none if it is no struct."""
    found: tuple[str, ...] = getattr(kind, "__struct_fields__", ())
    return found


def _name(word: str) -> str:
    return word.lstrip("+-")


def _keys(items: Sequence[object]) -> list[str]:
    mappings = (item for item in items if isinstance(item, Mapping))
    return list(dict.fromkeys(key for item in mappings for key in item))
