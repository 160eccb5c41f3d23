"""Show what a job has written: from its results, or from its agent while it runs."""

import asyncio
import codecs
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from joborch.domain.agents import Agent
from joborch.domain.errors import (
    AgentUnreachableError,
    FileNotInJobError,
    NotFinishedError,
    ResultsGoneError,
)
from joborch.domain.jobs import Job
from joborch.domain.states import JobState
from joborch.server.blobs import Blobs
from joborch.server.live.feed import Feed
from joborch.server.live.presence import Roll
from joborch.server.live.taps import STREAMS, Reader, Tap, Taps
from joborch.server.operations import fetch, query
from joborch.server.operations.fetch import Served
from joborch.server.store import jobs
from joborch.server.store.database import Database
from joborch.wire.events import LogChunk, LogText
from joborch.wire.jobs import JobView

AGENT_S = 15.0
"""How long an agent may take to send what a running job has written."""
PIECE_BYTES = 64 * 1024

Piece = LogText | JobView | None
"""A piece of log; the job once it has ended, as the last; None when a new attempt began."""


async def read(
    job_id: int, stream: str, *, database: Database, blobs: Blobs, roll: Roll, taps: Taps
) -> Served:
    """Open what a job has written to a stream; of a running job at most the last megabytes.

    Raises:
        JobNotFoundError: there is no such job.
        NotFinishedError: it has not started.
        ResultsGoneError: it left no logs, or they have been removed.
        AgentUnreachableError: it runs, and its agent did not answer.
    """
    job = await database.read(lambda c: jobs.find(c, job_id))
    if job.state.is_terminal:
        name = f".joborch/{stream}.log"
        return await fetch.one_file(job_id, "result", name, database=database, blobs=blobs)
    if job.state is JobState.QUEUED:
        raise NotFinishedError(job_id, job.state.value)
    with taps.read(job_id, asyncio.Event()) as (tap, reader), _sending(job, tap, roll):
        try:
            async with asyncio.timeout(AGENT_S):
                while stream not in tap.caught_up:
                    reader.news.clear()
                    await reader.news.wait()
        except TimeoutError:
            raise AgentUnreachableError(f"the agent of job {job_id} did not answer") from None
        data = tap.take(reader, stream)[1]
    return Served(file=io.BytesIO(data), size_bytes=len(data), filename=f"{job_id}-{stream}.log")


async def take(
    agent: Agent, chunks: list[LogChunk], *, database: Database, taps: Taps
) -> list[int]:
    """Pass on what an agent's own jobs write; returns those whose logs are still read."""
    held = {job.id for job in await database.read(lambda c: jobs.held_by(c, agent.id))}
    return taps.put([chunk for chunk in chunks if chunk.job_id in held])


async def follow(
    job_id: int,
    *,
    database: Database,
    blobs: Blobs,
    roll: Roll,
    taps: Taps,
    feed: Feed,
    stopping: asyncio.Event,
) -> AsyncIterator[Piece]:
    """Yield what a job writes, from its beginning until it has ended or the server stops.

    Raises:
        JobNotFoundError: there is no such job.
    """
    news = asyncio.Event()
    with feed.subscribe(news) as subscription, taps.read(job_id, news) as (tap, reader):
        text = _Text(tap, reader)
        job = await database.read(lambda c: jobs.find(c, job_id))
        while not job.state.is_terminal and not stopping.is_set():
            with _sending(job, tap, roll):
                is_same = True
                while is_same and not stopping.is_set():
                    await news.wait()
                    events = subscription.take()
                    for piece in text.pieces():
                        yield piece
                    is_same = not any(event.job_id == job_id for event in events)
            job = await database.read(lambda c: jobs.find(c, job_id))
    if job.state.is_terminal:
        async for piece in _rest(job, reader, database=database, blobs=blobs):
            yield piece
        yield await query.find(job_id, database=database)


class _Text:
    """What a reader of a tap has not seen, as text."""

    def __init__(self, tap: Tap, reader: Reader) -> None:
        self._tap = tap
        self._reader = reader
        self._attempt = tap.attempt
        self._decoders = _decoders()

    def pieces(self) -> Iterator[Piece]:
        """Yield what came since the last call; None first if it is of a new attempt."""
        if self._tap.attempt != self._attempt:
            if self._attempt:
                yield None
            self._attempt, self._decoders = self._tap.attempt, _decoders()
        for stream in STREAMS:
            offset, data = self._tap.take(self._reader, stream)
            if text := self._decoders[stream].decode(data):
                yield LogText(stream=stream, offset=offset, text=text)


async def _rest(
    job: Job, reader: Reader, *, database: Database, blobs: Blobs
) -> AsyncIterator[LogText]:
    """Yield what the job wrote last, after the agent stopped sending: from its results."""
    for stream in STREAMS:
        name, offset = f".joborch/{stream}.log", reader.offsets[stream]
        try:
            served = await fetch.one_file(job.id, "result", name, database=database, blobs=blobs)
        except (ResultsGoneError, FileNotInJobError):
            continue
        decoder = _decoders()[stream]
        with served.file as file:
            await asyncio.to_thread(file.seek, offset)
            while data := await asyncio.to_thread(file.read, PIECE_BYTES):
                yield LogText(stream=stream, offset=offset, text=decoder.decode(data))
                offset += len(data)


@contextmanager
def _sending(job: Job, tap: Tap, roll: Roll) -> Iterator[None]:
    """Have the job's agent send its log during the block, and after it if others read it."""
    present = roll.get(job.agent_id)
    if present is not None:
        present.follow_log(job.id, tap.number)
    try:
        yield
    finally:
        if present is not None and len(tap.readers) <= 1:
            present.follow_log(job.id, None)


def _decoders() -> dict[str, codecs.IncrementalDecoder]:
    make = codecs.getincrementaldecoder("utf-8")
    return {stream: make(errors="replace") for stream in STREAMS}
