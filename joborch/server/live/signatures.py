"""The signatures that are known: of an attempt that has ended it never changes."""

import asyncio
from collections.abc import Mapping

from joborch.domain.signatures import Signature

MOST_KNOWN = 50_000

Attempt = tuple[int, int]
"""A job's id, and which attempt of it."""


class Signatures:
    """Remembers how attempts failed, as it takes a while to read it from their logs."""

    def __init__(self) -> None:
        self.reading = asyncio.Lock()
        """Held by who reads logs: what one finds out the next one need not."""
        self._known: dict[Attempt, Signature] = {}

    def get(self, attempt: Attempt) -> Signature | None:
        """Return an attempt's signature, None if it is not known."""
        return self._known.get(attempt)

    def learn(self, found: Mapping[Attempt, Signature]) -> None:
        """Remember signatures, and forget the oldest if they are too many."""
        self._known |= found
        for attempt in [*self._known][: max(len(self._known) - MOST_KNOWN, 0)]:
            del self._known[attempt]
