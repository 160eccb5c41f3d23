"""Logs of running jobs, for as long as somebody reads them.

The first reader of a job's log opens a tap, for which the agent is told to send; with the last
one it is closed. A tap keeps the last few megabytes, so that a reader who comes later sees what
the earlier ones saw.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from joborch.wire.events import LogChunk

KEPT_BYTES = 4 * 1024 * 1024
STREAMS = ("stdout", "stderr")


class Reader:
    """One who reads a tap; ``offsets`` is how far, by stream."""

    def __init__(self, news: asyncio.Event) -> None:
        self.offsets = dict.fromkeys(STREAMS, 0)
        self.news = news


class Tap:
    """What one attempt of a job has written, as far as its agent has sent it."""

    def __init__(self, number: int) -> None:
        self.number = number
        """Tells this tap of the job from those before it."""
        self.attempt = 0
        self.readers: set[Reader] = set()
        self._restart(0)

    def put(self, chunk: LogChunk) -> None:
        """Take a chunk; a later attempt starts afresh, a repeated chunk changes nothing."""
        if chunk.attempt > self.attempt:
            self._restart(chunk.attempt)
        if chunk.attempt < self.attempt or chunk.stream not in STREAMS:
            return
        if not chunk.data:
            self.caught_up.add(chunk.stream)
        elif chunk.offset == self._end(chunk.stream):
            self._append(chunk.stream, chunk.data)
        for reader in self.readers:
            reader.news.set()

    def take(self, reader: Reader, stream: str) -> tuple[int, bytes]:
        """Return what this reader has not seen of a stream, and where that begins."""
        start = max(reader.offsets[stream], self._begin[stream])
        data = bytes(self._kept[stream][start - self._begin[stream] :])
        reader.offsets[stream] = start + len(data)
        return start, data

    def _append(self, stream: str, data: bytes) -> None:
        kept = self._kept[stream]
        kept += data
        if (excess := len(kept) - KEPT_BYTES) > 0:
            del kept[:excess]
            self._begin[stream] += excess

    def _end(self, stream: str) -> int:
        return self._begin[stream] + len(self._kept[stream])

    def _restart(self, attempt: int) -> None:
        self.attempt = attempt
        self.caught_up: set[str] = set()
        """Streams of which the agent has said that this is all so far."""
        self._begin = dict.fromkeys(STREAMS, 0)
        self._kept = {stream: bytearray() for stream in STREAMS}
        for reader in self.readers:
            reader.offsets = dict.fromkeys(STREAMS, 0)


class Taps:
    """The taps that are open."""

    def __init__(self) -> None:
        self._open: dict[int, Tap] = {}
        self._numbers = count(1)

    def put(self, chunks: list[LogChunk]) -> list[int]:
        """Pass chunks on; returns those of their jobs that somebody still reads."""
        for chunk in chunks:
            if tap := self._open.get(chunk.job_id):
                tap.put(chunk)
        return sorted({chunk.job_id for chunk in chunks} & self._open.keys())

    @contextmanager
    def read(self, job_id: int, news: asyncio.Event) -> Iterator[tuple[Tap, Reader]]:
        """Read a job's log for as long as the block lasts; ``news`` is set when there is more."""
        tap = self._open.get(job_id)
        if tap is None:
            tap = self._open[job_id] = Tap(next(self._numbers))
        reader = Reader(news)
        tap.readers.add(reader)
        try:
            yield tap, reader
        finally:
            tap.readers.discard(reader)
            if not tap.readers:
                del self._open[job_id]
