"""Sending what jobs write while somebody follows them, and at no other time.

A job that starts to be followed is sent from its first byte; the server keeps nothing of it.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from joborch.agent.link import ServerLink
from joborch.domain.errors import JoborchError
from joborch.files.walk import open_regular
from joborch.wire.events import LogChunk

logger = logging.getLogger(__name__)

CADENCE_S = 0.2
FINISH_S = 2.0
"""A job's end is not reported later than this because of its logs; they are in its results."""
CHUNK_BYTES = 64 * 1024
MOST_BYTES = 1024 * 1024
"""Of one request."""


class _Tail:
    """The logs of one attempt, and how far each has been sent to one tap."""

    def __init__(self, attempt: int, tap: int, paths: Mapping[str, Path]) -> None:
        self.attempt = attempt
        self.tap = tap
        self.paths = paths
        self.offsets = dict.fromkeys(paths, 0)
        self.caught_up: set[str] = set()
        """Streams of which the server knows that this was all so far."""

    def read(self, job_id: int, room: int) -> list[LogChunk]:
        """Read on, at most ``room`` bytes; what was read counts only once :meth:`sent`."""
        chunks: list[LogChunk] = []
        for stream, path in self.paths.items():
            offset = self.offsets[stream]
            while room > 0:
                data = _read(path, offset, min(CHUNK_BYTES, room))
                if not data and stream in self.caught_up:
                    break
                chunks.append(self._chunk(job_id, stream, offset, data))
                offset += len(data)
                room -= len(data)
                if not data:
                    break
        return chunks

    def sent(self, chunk: LogChunk) -> None:
        self.offsets[chunk.stream] = chunk.offset + len(chunk.data)
        if not chunk.data:
            self.caught_up.add(chunk.stream)

    def _chunk(self, job_id: int, stream: str, offset: int, data: bytes) -> LogChunk:
        return LogChunk(
            job_id=job_id, attempt=self.attempt, stream=stream, offset=offset, data=data
        )


class LogSender:
    """Follows jobs for the server. :meth:`run` has to run for anything to be sent."""

    def __init__(self, link: ServerLink) -> None:
        self._link = link
        self._tails: dict[int, _Tail] = {}
        self._woken = asyncio.Event()
        self._sending = asyncio.Lock()

    @property
    def following(self) -> dict[int, int]:
        """The jobs whose logs are being sent, with the server's number for each."""
        return {job_id: tail.tap for job_id, tail in self._tails.items()}

    def follow(self, wanted: Mapping[int, tuple[int, int, Mapping[str, Path]]]) -> None:
        """Follow exactly these jobs (to attempt, tap and log files); those that go on, go on."""
        for job_id, (attempt, tap, paths) in wanted.items():
            tail = self._tails.get(job_id)
            if tail is None or (tail.attempt, tail.tap) != (attempt, tap):
                self._tails[job_id] = _Tail(attempt, tap, paths)
        self._keep(wanted)
        if self._tails:
            self._woken.set()

    async def finish(self, job_id: int) -> None:
        """Send the rest of a job that has ended, if it is followed, and stop following it."""
        if job_id not in self._tails:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                await self.send_once()
        self._tails.pop(job_id, None)

    async def run(self) -> None:
        """Send what is new five times a second while a job is followed; else sleep."""
        while True:
            await self._woken.wait()
            while self._tails:
                await self.send_once()
                await asyncio.sleep(CADENCE_S)
            self._woken.clear()

    async def send_once(self) -> None:
        """Send all that is new; if the server is away, it is sent the next time."""
        async with self._sending:
            try:
                while chunks := self._read():
                    self._keep(await self._link.send_logs(chunks))
                    for chunk in chunks:
                        if tail := self._tails.get(chunk.job_id):
                            tail.sent(chunk)
            except JoborchError as error:
                logger.debug("logs not delivered", extra={"error": str(error)})

    def _read(self) -> list[LogChunk]:
        chunks: list[LogChunk] = []
        room = MOST_BYTES
        for job_id, tail in self._tails.items():
            found = tail.read(job_id, room)
            room -= sum(len(chunk.data) for chunk in found)
            chunks += found
        return chunks

    def _keep(self, job_ids: Iterable[int]) -> None:
        kept = set(job_ids)
        self._tails = {job_id: tail for job_id, tail in self._tails.items() if job_id in kept}


def _read(path: Path, offset: int, most: int) -> bytes:
    """Read on in a log; what the job has put in its place is as good as empty."""
    try:
        descriptor = open_regular(str(path))
        try:
            return os.pread(descriptor, most, offset)
        finally:
            os.close(descriptor)
    except OSError:
        return b""
