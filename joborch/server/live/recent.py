"""Answers that cost something to find, given again while they are fresh."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from joborch.process.clock import Clock

T = TypeVar("T")


class Recent(Generic[T]):
    """The answers of the last moments, by their question."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, T]] = {}
        self._finding = asyncio.Lock()

    async def get(
        self, question: Hashable, find: Callable[[], Awaitable[T]], *, keep_s: float
    ) -> T:
        """Return the answer that is kept, or find one and keep it for ``keep_s``.

        One answer is looked for at a time: many who ask leave the database to others too.
        """
        async with self._finding:
            now = self._clock.monotonic()
            self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > now}
            if question not in self._kept:
                answer = await find()
                self._kept[question] = (now + keep_s, answer)
            return self._kept[question][1]
