"""What happened and happens at a server, each event once, whatever breaks off in between."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import TypedDict

from joborch.client import Missed, Orchestrator
from joborch.client.streams import Pause
from joborch.domain.errors import ShuttingDownError, UnavailableError
from joborch.wire.events import EventView


class Wanted(TypedDict):
    """Of which jobs; several with commas, None for all."""

    user: str | None
    service: str | None
    job: str | None
    batch: str | None


async def recent(server: Orchestrator, count: int, wanted: Wanted) -> list[EventView]:
    """Return the last events, at most ``count``, oldest first."""
    found: list[EventView] = []
    position: int | None = None
    while len(found) < count:
        page = await server.past(before=position, limit=count - len(found), **wanted)
        found = [*page.items, *found]
        if page.next is None:
            break
        position = int(page.next)
    return found


async def seq_before(server: Orchestrator, moment: datetime, wanted: Wanted) -> int:
    """Return the last event before a moment; 0 if all happened since."""
    position: int | None = None
    while True:
        page = await server.past(before=position, **wanted)
        earlier = [event.seq for event in page.items if event.at < moment]
        if earlier:
            return earlier[-1]
        if page.next is None:
            return 0
        position = int(page.next)


async def since(server: Orchestrator, seq: int, wanted: Wanted) -> AsyncGenerator[EventView, None]:
    """Yield what happened after an event, oldest first."""
    position: int | None = seq
    while position is not None:
        page = await server.past(after=position, **wanted)
        for event in page.items:
            yield event
        position = int(page.next) if page.next else None


async def newest(server: Orchestrator) -> int:
    """Return the last event of all jobs, 0 if nothing ever happened."""
    page = await server.past(limit=1)
    return page.items[-1].seq if page.items else 0


async def onwards(
    server: Orchestrator, seq: int, wanted: Wanted, *, tell: Callable[[str], None]
) -> AsyncGenerator[EventView, None]:
    """Yield what happened after an event, and then what happens, for ever.

    A server that goes away is waited for and then asked for what this missed; ``tell`` hears of
    it. One that is not there at first raises ``UnavailableError``.
    """
    pause, is_first, is_away = Pause(), True, False
    while True:
        try:
            last = await newest(server)
            if is_away:
                tell("the server is back")
            is_first, is_away = False, False
            pause.reset()
            async with aclosing(_connected(server, seq, last, wanted)) as events:
                async for event in events:
                    yield event
                    seq = event.seq
        except UnavailableError:
            if is_first:
                raise
            if not is_away:
                tell(f"the server went away after event {seq}; waiting for it")
            is_away = True
        await pause.sleep()


async def _connected(
    server: Orchestrator, seq: int, last: int, wanted: Wanted
) -> AsyncGenerator[EventView, None]:
    """Yield the events after one, while the server is there and tells of all of them.

    ``last`` is the last of all events by now.

    Raises:
        ShuttingDownError: the server ends.
    """
    seq = min(seq, last)  # else its data are others than before
    async for event in since(server, seq, wanted):
        yield event
        seq = event.seq
    async with aclosing(server.events(after=max(seq, last), **wanted)) as events:
        async for live in events:
            if isinstance(live, Missed):
                return  # too much happened at once: it has to be paged through
            yield live
    raise ShuttingDownError("the server shuts down")
