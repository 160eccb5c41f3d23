"""A guard of the program that is taken out, to see whether a test notices."""

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


class DriftError(Exception):
    """The source is no longer what a mutant was made for; the mutant has to follow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One guard or flush, as it is in the source and as it is taken out."""

    name: str
    guards: str
    """What must not happen, and will without it."""
    path: str
    old: str
    """Exactly as it is in the source, where it is once."""
    new: str
    tests: tuple[str, ...]
    """What is expected to notice: tests, by path and name."""

    def applied(self, source: str) -> str:
        """Take the guard out.

        Raises:
            DriftError: it is not there, or more than once, or without it this is no Python.
        """
        if (found := source.count(self.old)) != 1:
            raise DriftError(f"{self.name}: the old text is {found} times in {self.path}")
        mutated = source.replace(self.old, self.new)
        if mutated == source:
            raise DriftError(f"{self.name}: {self.path} stays what it was")
        try:
            ast.parse(mutated)
        except SyntaxError as error:
            raise DriftError(f"{self.name}: {self.path} does not compile: {error}") from error
        return mutated
