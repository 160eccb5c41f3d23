"""The stream of what happens to jobs."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter, QueryParameter

from joborch.server.api.bodies import ApiRequest
from joborch.server.api.described import EventsOperation
from joborch.server.api.problems import refusals
from joborch.server.api.queries import parse_mark, read_job_query, read_one, refuse_others
from joborch.server.operations import query
from joborch.server.parts import Parts
from joborch.web.streams import EventStream, event_of, json_event
from joborch.wire.events import EventView

PAGE = 1000
GATHER_S = 0.1
"""What happens within this long after something was told is told together."""
RECORDING = b": recording\n\n"
MOST_MISSED = 10_000
"""Who has missed more than this is told to list the jobs again."""
LONG_AGO = -MOST_MISSED - 1
"""As the last event that is known: whatever there is, too much was missed."""
MOST_REMEMBERED = 100_000

Text = str | None


@get("/events", tags=["events"], operation_class=EventsOperation, responses=refusals(400))
async def follow_events(
    request: ApiRequest,
    *,
    job: Annotated[Text, QueryParameter(description="Ids, with commas.")] = None,
    batch: Annotated[Text, QueryParameter(description="A batch, like `b-31`.")] = None,
    user: Annotated[Text, QueryParameter(description="Users, with commas.")] = None,
    service: Annotated[Text, QueryParameter(description="Services, with commas.")] = None,
    after: Annotated[
        Text, QueryParameter(description="The last event that is known: its `seq`, or its id.")
    ] = None,
    last: Annotated[
        Text, HeaderParameter(name="Last-Event-ID", description="As `after`, of a browser.")
    ] = None,
) -> Response[bytes]:
    """Follow what happens to jobs, from now on or after an event."""
    parts = request.parts
    refuse_others(request.query_params, ["job", "batch", "user", "service", "after"])
    wanted = {"id": job, "batch": batch, "user": user, "service": service}
    jobs = _Jobs({name: text for name, text in wanted.items() if text}, parts)
    text = after or last
    since = await _since(text, parts) if text else None
    events = _events(jobs, since, parts)
    # Nothing is answered before this: who has the answer and lists jobs then has missed nothing.
    recording = await anext(events)
    return EventStream(_continued(recording, events), stopping=parts.stopping)


async def _since(text: str, parts: Parts) -> int:
    """Return the last event that is known; too long ago, if it is not one of this server's."""
    seq, at = read_one("after", text, parse_mark)
    if at is None or await query.has_happened(seq, at, database=parts.database):
        return seq
    return LONG_AGO


async def _continued(
    first: bytes, rest: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for event in rest:
            yield event


async def _events(jobs: "_Jobs", since: int | None, parts: Parts) -> AsyncGenerator[bytes, None]:
    """Yield a comment once events are being recorded, then the events."""
    while True:
        with parts.feed.subscribe() as subscription:
            newest = await query.newest_event(database=parts.database)
            yield RECORDING
            if since is not None and not 0 <= newest - since <= MOST_MISSED:
                yield event_of("reset", b"{}", event_id=newest)
                since = newest
            seen = newest if since is None else since
            async for event in _missed(seen, parts):
                seen = event.seq
                if await jobs.of([event]):
                    yield _event(event)
            while not subscription.is_behind:
                happened = [one for one in await subscription.next() if one.seq > seen]
                if wanted := await jobs.of(happened):
                    yield b"".join(map(_event, wanted))
                    await asyncio.sleep(GATHER_S)
            since = LONG_AGO


async def _missed(seq: int, parts: Parts) -> AsyncGenerator[EventView, None]:
    while page := await query.events_since(seq, PAGE, database=parts.database):
        for event in page:
            yield event
        seq = page[-1].seq


class _Jobs:
    """Which jobs are wanted, remembered: what is asked about never changes in a job."""

    def __init__(self, wanted: dict[str, str], parts: Parts) -> None:
        self._query = read_job_query({**wanted}, limit=PAGE, sort="id")
        self._wants_all = not wanted
        self._parts = parts
        self._known: dict[int, bool] = {}

    async def of(self, events: Iterable[EventView]) -> list[EventView]:
        """Return the events of those jobs."""
        found = [*events]
        if self._wants_all or not found:
            return found
        unknown = sorted({event.job_id for event in found} - self._known.keys())
        for start in range(0, len(unknown), PAGE):
            await self._learn(unknown[start : start + PAGE])
        return [event for event in found if self._known.get(event.job_id)]

    async def _learn(self, ids: list[int]) -> None:
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()
        asked = [job_id for job_id in ids if not self._query.ids or job_id in self._query.ids]
        self._known |= dict.fromkeys(ids, False)
        if asked:
            page = await query.page(
                replace(self._query, ids=tuple(asked)), database=self._parts.database
            )
            self._known |= {view.id: True for view in page.items}


def _event(event: EventView) -> bytes:
    return json_event("job", event, event_id=event.mark)


HANDLERS: list[HTTPRouteHandler] = [follow_events]
