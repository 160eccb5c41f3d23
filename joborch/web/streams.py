"""Answers that take a while: noticing that the client has gone, and server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeVar

import msgspec
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from joborch.domain.errors import ShuttingDownError
from joborch.web.bodies import ClientGoneError

T = TypeVar("T")

HEARTBEAT_S = 10.0
HEARTBEAT = b": still here\n\n"
EVENT_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}


async def unless_gone(
    receive: Receive, work: Coroutine[Any, Any, T], *, stopping: asyncio.Event | None = None
) -> T:
    """Do ``work`` while the client waits for it; it is cancelled when the client goes away.

    The request's body must have been read.

    Raises:
        ClientGoneError: the client went first.
        ShuttingDownError: ``stopping`` was set first.
    """
    wanted = asyncio.create_task(work, name="held request")
    others = [asyncio.create_task(_gone(receive), name="disconnect of held request")]
    if stopping is not None:
        others.append(asyncio.create_task(stopping.wait(), name="stop of held request"))  # type: ignore[arg-type]  # only its end matters
    try:
        await asyncio.wait({wanted, *others}, return_when=asyncio.FIRST_COMPLETED)
        if wanted.done():
            return wanted.result()
        if others[0].done():
            raise ClientGoneError
        raise ShuttingDownError("the server is stopping", hint="try again in a moment")
    finally:
        await _end(wanted, *others)


class EventStream(Response[bytes]):
    """Server-sent events as an answer; the source is closed however the answer ends."""

    def __init__(self, events: AsyncGenerator[bytes, None], *, stopping: asyncio.Event) -> None:
        super().__init__(b"", media_type="text/event-stream")
        self._events = beating(events, stopping=stopping)

    def to_asgi_response(self, app: Any, request: Any, **_: Any) -> "_Streaming":
        """Leave the framework's way: what is sent is not known yet."""
        return _Streaming(self._events)


class _Streaming(ASGIResponse):
    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(status_code=204, headers=EVENT_HEADERS)
        self.events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self.events):
            await send(
                {"type": "http.response.start", "status": 200, "headers": self.encode_headers()}
            )
            with suppress(ClientGoneError):
                await unless_gone(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        async for event in self.events:
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def beating(
    items: AsyncGenerator[bytes, None],
    *,
    stopping: asyncio.Event,
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncGenerator[bytes, None]:
    """Yield the events of a stream, a comment whenever it is silent, and its end on shutdown."""
    end = asyncio.create_task(stopping.wait(), name="stop of event stream")
    tasks: set[asyncio.Task[Any]] = {end}
    try:
        while not end.done():
            if tasks == {end}:
                tasks.add(asyncio.create_task(_next(items), name="event stream"))
            done, tasks = await asyncio.wait(
                tasks, timeout=heartbeat_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                yield HEARTBEAT
            for ready in done - {end}:
                yield ready.result()
        yield event_of("server.shutdown", b"{}", retry_ms=2000)
    except StopAsyncIteration:
        return
    finally:
        await _end(end, *tasks)
        await items.aclose()


def event_of(
    kind: str, data: bytes, *, event_id: int | str | None = None, retry_ms: int | None = None
) -> bytes:
    """Write one server-sent event; ``data`` is JSON, which has no line breaks."""
    lines = [f"event: {kind}".encode()]
    if event_id is not None:
        lines.append(f"id: {event_id}".encode())
    if retry_ms is not None:
        lines.append(f"retry: {retry_ms}".encode())
    return b"\n".join([*lines, b"data: " + data, b"", b""])


def json_event(kind: str, value: object, *, event_id: int | str | None = None) -> bytes:
    """Write one server-sent event with a value as its data."""
    return event_of(kind, msgspec.json.encode(value), event_id=event_id)


async def _next(items: AsyncIterator[bytes]) -> bytes:
    return await anext(items)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
