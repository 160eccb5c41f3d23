"""Tells everybody who listens what happened to which job, as soon as it is on disk."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from joborch.wire.events import EventView

MOST_PENDING = 10_000
"""Events that a slow listener may be behind before it has to start again."""


class Subscription:
    """One listener's events, from the moment it subscribed."""

    def __init__(self, news: asyncio.Event) -> None:
        self.news = news
        """Set whenever there is something to take."""
        self._pending: deque[EventView] = deque()
        self.is_behind = False
        """Events were dropped: what the listener knows is no longer complete."""

    async def next(self) -> list[EventView]:
        """Wait for events and return all that are there; none if the listener is behind."""
        await self.news.wait()
        return self.take()

    def take(self) -> list[EventView]:
        """Return the events that are there."""
        self.news.clear()
        events = [*self._pending]
        self._pending.clear()
        return events

    def put(self, events: list[EventView]) -> None:
        """Queue events, or drop all when the listener is too slow."""
        if len(self._pending) + len(events) > MOST_PENDING:
            self._pending.clear()
            self.is_behind = True
        elif not self.is_behind:
            self._pending.extend(events)
        self.news.set()


class Feed:
    """Fans out events to subscriptions; lives on the event loop."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def publish(self, events: list[EventView]) -> None:
        """Tell every listener; never waits for one."""
        for subscription in self._subscriptions:
            subscription.put(events)

    @contextmanager
    def subscribe(self, news: asyncio.Event | None = None) -> Iterator[Subscription]:
        """Listen for as long as the block lasts; ``news`` may be an event with other uses."""
        subscription = Subscription(news or asyncio.Event())
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
