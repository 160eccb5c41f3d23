"""How long to wait before trying again: longer each time, and never in step with other agents."""

import asyncio
import random
from collections.abc import Callable

FIRST_S = 0.5
MOST_S = 15.0


class BackOff:
    """A growing pause with full jitter: anywhere between nothing and a ceiling that doubles."""

    def __init__(self, *, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._failures = 0
        self._hurry = asyncio.Event()

    def succeeded(self) -> None:
        """Start again with the shortest pause."""
        self._failures = 0

    def next_s(self) -> float:
        """Count one failure and return how long to wait, in seconds."""
        ceiling = min(MOST_S, FIRST_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return ceiling * self._chance()

    def hurry(self) -> None:
        """End the pause that is under way, as the reason for it seems to be gone."""
        self._hurry.set()

    async def pause(self) -> None:
        """Count one failure and wait."""
        self._hurry.clear()
        try:
            async with asyncio.timeout(self.next_s()):
                await self._hurry.wait()
        except TimeoutError:
            return
