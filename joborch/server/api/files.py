"""Routes about a job's files: inputs, logs, results."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, BinaryIO, Literal

from litestar import MediaType, Response, get, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from joborch.server.api.bodies import ApiRequest
from joborch.server.api.described import (
    EventsOperation,
    FileOperation,
    TextOperation,
    ZipOperation,
)
from joborch.server.api.jobs import JobId
from joborch.server.api.problems import refusals
from joborch.server.operations import fetch, logs, query
from joborch.server.operations.fetch import Served
from joborch.server.parts import Parts
from joborch.web.ranges import FileAnswer
from joborch.web.streams import EventStream, json_event, unless_gone
from joborch.wire.events import LogText
from joborch.wire.jobs import FileList

PIECE_BYTES = 256 * 1024
TAIL_BYTES = 4 * 1024 * 1024
"""The most that ``tail`` looks at, from the end."""


@route(
    "/jobs/{job_id:int}/results",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    tags=["files"],
    operation_class=ZipOperation,
    responses=refusals(400, 404, 409, 410, 416),
)
async def fetch_results(request: ApiRequest, job_id: JobId) -> Response[bytes]:
    """Fetch the ZIP that a job left."""
    parts = request.parts
    served = await fetch.results(job_id, database=parts.database, blobs=parts.blobs)
    return answer_with(served, media_type="application/zip")


@get(
    "/jobs/{job_id:int}/partial",
    tags=["files"],
    operation_class=ZipOperation,
    responses=refusals(400, 404, 409, 410, 416, 504),
)
async def fetch_partial(request: ApiRequest, job_id: JobId) -> Response[bytes]:
    """Fetch a ZIP of a running job's directory as it is now."""
    parts = request.parts
    served = await unless_gone(request.receive, partial_of(job_id, parts))
    return answer_with(served, media_type="application/zip")


@get("/jobs/{job_id:int}/files", tags=["files"], responses=refusals(400, 404))
async def list_files(request: ApiRequest, job_id: JobId) -> FileList:
    """List a job's inputs and the members of its results."""
    parts = request.parts
    return await fetch.files(job_id, database=parts.database, blobs=parts.blobs)


@route(
    "/jobs/{job_id:int}/files/{kind:str}/{name:path}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    tags=["files"],
    operation_class=FileOperation,
    responses=refusals(400, 404, 409, 410, 416),
)
async def fetch_file(
    request: ApiRequest,
    job_id: JobId,
    kind: FromPath[Literal["input", "result"]],
    name: FromPath[str],
) -> Response[bytes]:
    """Fetch one input, or one file of the results."""
    parts = request.parts
    served = await fetch.one_file(
        job_id, kind, name.removeprefix("/"), database=parts.database, blobs=parts.blobs
    )
    return answer_with(served, media_type="application/octet-stream")


@get(
    "/jobs/{job_id:int}/logs",
    tags=["files"],
    operation_class=TextOperation,
    responses=refusals(400, 404, 409, 410, 504),
)
async def read_log(
    request: ApiRequest,
    job_id: JobId,
    *,
    stream: FromQuery[Literal["stdout", "stderr"]] = "stdout",
    offset: Annotated[int, QueryParameter(ge=0, le=2**62, description="Bytes to leave out.")] = 0,
    tail: Annotated[int | None, QueryParameter(ge=0, description="Only the last lines.")] = None,
) -> Response[bytes]:
    """Read what a job has written; of a running job, as it is now."""
    parts = request.parts
    reading = logs.read(
        job_id,
        stream,
        database=parts.database,
        blobs=parts.blobs,
        roll=parts.roll,
        taps=parts.taps,
    )
    served = await unless_gone(request.receive, reading)
    if tail is not None:
        text = await asyncio.to_thread(last_lines, served.file, tail)
        return Response(text, media_type=MediaType.TEXT)
    return FileAnswer(
        served.file,
        size_bytes=served.size_bytes,
        skip_bytes=offset,
        media_type="text/plain; charset=utf-8",
    )


@get(
    "/jobs/{job_id:int}/logs/stream",
    tags=["files"],
    operation_class=EventsOperation,
    responses=refusals(400, 404),
)
async def follow_log(request: ApiRequest, job_id: JobId) -> Response[bytes]:
    """Follow what a job writes, until it has ended."""
    parts = request.parts
    await query.find(job_id, database=parts.database)
    return EventStream(_log_events(job_id, parts), stopping=parts.stopping)


async def partial_of(job_id: int, parts: Parts) -> Served:
    """Bring a running job's directory as it is now."""
    return await fetch.partial(
        job_id,
        database=parts.database,
        blobs=parts.blobs,
        roll=parts.roll,
        snapshots=parts.snapshots,
    )


def answer_with(served: Served, *, media_type: str) -> FileAnswer:
    """Answer with an open file."""
    return FileAnswer(
        served.file,
        size_bytes=served.size_bytes,
        etag=served.etag,
        filename=served.filename,
        media_type=media_type,
    )


def last_lines(file: BinaryIO, lines: int) -> bytes:
    """Read a file to its end, close it, and return its last lines; at most 4 MiB of them."""
    kept = bytearray()
    with file:
        while data := file.read(PIECE_BYTES):
            kept += data
            if len(kept) > 2 * TAIL_BYTES:
                del kept[:-TAIL_BYTES]
    found = bytes(kept[-TAIL_BYTES:]).splitlines(keepends=True)
    return b"".join(found[max(0, len(found) - lines) :])


async def _log_events(job_id: int, parts: Parts) -> AsyncGenerator[bytes, None]:
    following = logs.follow(
        job_id,
        database=parts.database,
        blobs=parts.blobs,
        roll=parts.roll,
        taps=parts.taps,
        feed=parts.feed,
        stopping=parts.stopping,
    )
    async for piece in following:
        if piece is None:
            yield json_event("restart", {})
        elif isinstance(piece, LogText):
            yield json_event("log", piece)
        else:
            yield json_event("end", piece)


HANDLERS: list[HTTPRouteHandler] = [
    fetch_results,
    fetch_partial,
    list_files,
    fetch_file,
    read_log,
    follow_log,
]
