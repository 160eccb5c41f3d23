"""Agents, services, quotas, and how much is done: no stream tells of them, so they are asked for.

After something has happened soon, and slowly otherwise; not while the screen is paused.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from joborch.domain.errors import JoborchError, NotFoundError
from joborch.tui.hearing import Hearing
from joborch.tui.picture import Picture
from joborch.tui.source import Source

MEASURED, MEASURED_IN = timedelta(minutes=15), 15
RARELY_S = 600.0
"""A server that cannot tell how much is done may have been replaced by one that can."""


class Surroundings:
    """The part of the feed that looks at what is around the jobs."""

    def __init__(
        self,
        source: Source,
        picture: Picture,
        hearing: Hearing,
        *,
        tell: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        """Ask for nothing yet; ``tell`` will be called after each change of the picture."""
        self._source, self._picture, self._hearing = source, picture, hearing
        self._tell, self._now = tell, now
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """Look soon."""
        self._stirred.set()

    async def look_around(self, least_s: float, most_s: float) -> None:
        """Look, and again after something has happened, or at rest after ``most_s``."""
        while True:
            await self._hearing.going.wait()
            self._stirred.clear()
            began = self._now()
            agents = await self._source.agents()
            took = self._now() - began
            services, usage = await asyncio.gather(self._source.services(), self._source.usage())
            if self._hearing.is_paused:
                continue
            self._picture.agents = agents.items
            self._picture.services = services.items
            self._picture.usage = usage.items
            self._picture.trends.note(agents.items, self._now())
            self._picture.as_of = self._now()
            self._picture.answer_s = max(took.total_seconds(), 0.0)
            self._tell()
            await asyncio.sleep(least_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(most_s):
                    await self._stirred.wait()

    async def watch_disk(self, every_s: float) -> None:
        """Ask whether the server has room, again and again."""
        while True:
            await self._hearing.going.wait()
            disk = ""
            with suppress(JoborchError):  # whether it can be reached at all the others find out
                disk = (await self._source.health()).disk
            if disk != self._picture.disk and not self._hearing.is_paused:
                self._picture.disk = disk
                self._tell()
            await asyncio.sleep(every_s)

    async def measure(self, every_s: float) -> None:
        """Ask how much is done, again and again."""
        while True:
            await self._hearing.going.wait()
            try:
                found = await self._source.statistics(window=MEASURED, buckets=MEASURED_IN)
            except NotFoundError:
                await asyncio.sleep(RARELY_S)
                continue
            if not self._hearing.is_paused:
                self._picture.statistics = found
                self._tell()
            await asyncio.sleep(every_s)
