"""Pausing what is shown, and going through what happened before.

While it is paused the feed changes nothing; the picture then shows one earlier moment after the
other, put together from the events that the server keeps. Afterwards everything is put back.
Knows no widget.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from joborch.tui.feed import Feed
from joborch.tui.news import News
from joborch.tui.past import Past
from joborch.tui.picture import Pause, Picture
from joborch.tui.source import Source
from joborch.wire.jobs import JobView

PAGE = 1000
MOST_EVENTS = 50_000
"""So many are kept here; it goes no further back."""
BEGINNING = "this is the first event that the server has"
PRESENT = "this is where it was paused"
CUT_OFF = "the server was away and may have another history now: it goes back no further"
TOO_FAR = f"it goes back {MOST_EVENTS:,} events and no further"


@dataclass(slots=True)
class Trip:
    """What is to be put back, and where it has got to."""

    kept: dict[str, Any]
    jobs: dict[int, JobView]
    past: Past


class Journey:
    """Through time, from where it was paused backwards."""

    def __init__(
        self, feed: Feed, picture: Picture, source: Source, *, now: Callable[[], datetime]
    ) -> None:
        """Stay in the present."""
        self._feed, self._picture, self._source, self._now = feed, picture, source, now
        self._trip: Trip | None = None
        self._is_at_end = False
        self._turn = asyncio.Lock()

    def pause(self) -> None:
        """Let what is shown stay as it is."""
        self._feed.pause()
        self._picture.pause = Pause(since=self._now(), lineage=self._picture.lineage)

    def go_on(self) -> None:
        """Show what is again."""
        trip, self._trip, self._is_at_end = self._trip, None, False
        self._picture.pause = None
        if trip:
            self._picture.replace(trip.jobs)
            for name, value in trip.kept.items():
                setattr(self._picture, name, value)
        self._feed.go_on()

    async def step(self, by: int) -> tuple[News, str]:
        """Show how it was one event earlier, or with 1 later.

        Returns what has changed in the picture, and what there is to say if nothing has.

        Raises:
            JoborchError: the server could not be asked; nothing has changed.
        """
        return await self._move(lambda past: by if by > 0 or past.room else None)

    async def stride(self, by: timedelta) -> tuple[News, str]:
        """Show how it was so much earlier, or later; raises what :meth:`step` does."""

        def events(past: Past) -> int | None:
            if past.moment is None:
                return None
            at = past.moment.at + by
            if by > timedelta(0):
                return past.after(at)
            earlier = past.before(at)
            if earlier is None and self._is_at_end:
                return -past.room or None
            return None if earlier is None else -earlier

        return await self._move(events)

    async def _move(self, events: Callable[[Past], int | None]) -> tuple[News, str]:
        async with self._turn:
            pause = self._picture.pause
            if self._trip is None and self._picture.is_cut_off:
                return News(), CUT_OFF
            trip = self._trip or await self._begin()
            while (by := events(trip.past)) is None:
                if self._picture.is_cut_off:
                    return News(), CUT_OFF
                if self._is_at_end or len(trip.past) >= MOST_EVENTS:
                    return News(), BEGINNING if self._is_at_end else TOO_FAR
                await self._read_on(trip.past)
            if self._picture.pause is not pause:
                return News(), ""  # it went on meanwhile
            self._depart(trip)
            return self._show(trip, by)

    async def _begin(self) -> Trip:
        """Find out how the jobs are, and then what has happened: in this order none is missed."""
        jobs = dict(self._picture.jobs)
        late = await self._source.jobs_by_id(self._feed.unasked, required=())
        jobs |= {job.id: job for job in late}
        page = await self._source.past(limit=PAGE)
        newest = self._feed.newest or (page.items[-1].seq if page.items else 0)
        past = Past(jobs, newest=newest)
        past.add_older(page.items)
        self._is_at_end = page.next is None
        await self._meet(past)
        kept = ("agents", "services", "usage", "statistics")
        before = {name: getattr(self._picture, name) for name in kept}
        return Trip(kept=before, jobs=dict(self._picture.jobs), past=past)

    async def _read_on(self, past: Past) -> None:
        page = await self._source.past(before=past.oldest, limit=PAGE)
        past.add_older(page.items)
        self._is_at_end = page.next is None
        await self._meet(past)

    async def _meet(self, past: Past) -> None:
        """Learn of jobs that were not listed, since they had ended."""
        if strangers := past.unknown():
            past.learn(await self._source.jobs_by_id(sorted(strangers), required=()))

    def _depart(self, trip: Trip) -> None:
        """Forget, on the way, what nobody tells of the past."""
        self._trip = trip
        self._picture.agents, self._picture.services, self._picture.usage = [], [], []
        self._picture.statistics = None

    def _show(self, trip: Trip, by: int) -> tuple[News, str]:
        before = trip.past.moment
        changed = trip.past.go(by)
        came_or_went = self._picture.turn(changed)
        if self._picture.pause:
            self._picture.pause = replace(self._picture.pause, moment=trip.past.moment)
        is_same = trip.past.moment == before
        news = News(jobs=frozenset(changed), is_all=bool(came_or_went))
        return news, PRESENT if is_same and by > 0 else ""
