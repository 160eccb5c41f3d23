"""Server-sent events: read, and resumed where a connection broke off."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from joborch.client.transport import Call, Transport
from joborch.domain.errors import ServerBrokenError, UnavailableError
from joborch.wire.events import EventView, LogText
from joborch.wire.jobs import JobView

T = TypeVar("T")

SILENCE_S = 30.0
"""The server says something at least every 10 s."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 10.0


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event."""

    kind: str
    data: str
    id: str | None


@dataclass(frozen=True, slots=True)
class LogRestarted:
    """The job began a new attempt: its log starts again."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Some events were lost: what is known of the jobs has to be asked for again."""


class Pause:
    """How long to wait before another try: from one second to ten."""

    def __init__(self, first_s: float = FIRST_PAUSE_S) -> None:
        self._first_s = self._next_s = first_s

    def reset(self) -> None:
        """Start again with the shortest pause, since something worked."""
        self._next_s = self._first_s

    async def sleep(self) -> None:
        """Wait, longer each time."""
        import asyncio

        await asyncio.sleep(self._next_s)
        self._next_s = min(self._next_s * 1.7, LONGEST_PAUSE_S)


@asynccontextmanager
async def opened(
    transport: Transport, path: str, query: dict[str, object], *, after: str | None = None
) -> AsyncIterator[AsyncIterator[Message]]:
    """Open a stream. Inside, the server has begun to record events for it."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
    call = Call(method="GET", path=path, query=query, headers=headers, read_s=SILENCE_S)
    async with transport.stream(call) as response:
        yield messages(transport.lines(response))


async def messages(lines: AsyncIterator[str]) -> AsyncIterator[Message]:
    """Gather lines into events; comments are skipped, a torn last event is dropped."""
    kind, data, last_id = "message", list[str](), None
    async for line in lines:
        if not line:
            if data:
                yield Message(kind, "\n".join(data), last_id)
            kind, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
        elif name == "id":
            last_id = value


async def job_events(source: AsyncIterator[Message]) -> AsyncIterator[EventView | Missed]:
    """Read the messages of ``/events``; ends when the server shuts down."""
    async for message in source:
        if message.kind == "server.shutdown":
            return
        if message.kind == "reset":
            yield Missed()
        if message.kind == "job":
            yield _decoded(message, EventView)


async def follow_log(
    transport: Transport, job_id: int, *, pause_s: float = FIRST_PAUSE_S
) -> AsyncGenerator[LogText | LogRestarted | JobView, None]:
    """Yield what a job writes, until its end; the last item is the job as it ended.

    A broken connection is opened again, and nothing that was seen is repeated.
    """
    pause, seen = Pause(pause_s), _Seen()
    path = f"/api/v1/jobs/{job_id}/logs/stream"
    is_first = True
    while True:
        try:
            async with opened(transport, path, {}) as source:
                is_first = False
                async for message in source:
                    pause.reset()
                    item = _log_item(message)
                    if isinstance(item, LogRestarted):
                        seen.clear()
                    if item := seen.new_part(item):
                        yield item
                    if isinstance(item, JobView):
                        return
        except UnavailableError:
            if is_first:
                raise
        seen.reconnect()
        await pause.sleep()


class _Seen:
    """How far each stream of a log has been shown, to skip that much after reconnecting."""

    def __init__(self) -> None:
        self._shown: dict[str, int] = {}
        self._skip: dict[str, int] = {}

    def clear(self) -> None:
        self._shown, self._skip = {}, {}

    def reconnect(self) -> None:
        self._skip = dict(self._shown)

    def new_part(
        self, item: LogText | LogRestarted | JobView | None
    ) -> LogText | LogRestarted | JobView | None:
        if not isinstance(item, LogText):
            return item
        data = item.text.encode()
        old = max(self._skip.get(item.stream, 0) - item.offset, 0)
        self._shown[item.stream] = max(self._shown.get(item.stream, 0), item.offset + len(data))
        if old == 0:
            return item
        if old >= len(data):
            return None
        text = data[old:].decode(errors="replace")
        return LogText(stream=item.stream, offset=item.offset + old, text=text)


def _log_item(message: Message) -> LogText | LogRestarted | JobView | None:
    match message.kind:
        case "log":
            return _decoded(message, LogText)
        case "restart":
            return LogRestarted()
        case "end":
            return _decoded(message, JobView)
        case _:
            return None


def _decoded(message: Message, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(message.data, type=kind)
    except msgspec.MsgspecError as error:
        raise ServerBrokenError(
            f"the server sent an event {message.kind!r} that cannot be read ({error})"
        ) from error
