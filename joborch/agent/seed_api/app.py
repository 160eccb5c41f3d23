"""The HTTP API of the original's client, for an original server of either generation to drive.

Its generation cannot be seen. What suits both: done is 200 with a ZIP, not done 202, and an end
without success 203, both with all that is known as JSON; never 200 with JSON, which the first
generation takes for the results.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from litestar import HttpMethod, Litestar, Request, Response, post, route
from litestar.datastructures import State
from litestar.params import FromPath

from joborch.agent.seed_api import changes
from joborch.agent.seed_api.book import Book
from joborch.agent.seed_api.desk import Desk
from joborch.agent.seed_api.names import path_of
from joborch.agent.seed_api.partials import Partials
from joborch.agent.seed_api.shelf import LARGEST_ID, Record
from joborch.domain.errors import DiskFullError, JoborchError
from joborch.domain.states import JobState
from joborch.web.ranges import FileAnswer
from joborch.web.streams import unless_gone
from joborch.web.uploads import receive_upload
from joborch.wire.agents import LoadView
from joborch.wire.problems import status_of
from joborch.wire.seed import CLEANED, PREPARED, HealthBody, PayloadBody, Pong, word_for

logger = logging.getLogger(__name__)

MOST_FILES = 100_000
ZIP = "application/zip"
READING = [HttpMethod.GET, HttpMethod.HEAD]
"""As in the original, whoever asks may want the headers alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the handlers work with."""

    book: Book
    desk: Desk
    partials: Partials
    load: Callable[[], LoadView]
    has_room: Callable[[], bool]
    max_upload: int


class SeedRequest(Request[Any, Any, State]):
    """A request of an original server."""

    @property
    def parts(self) -> Parts:
        """What the listener is made of."""
        parts: Parts = self.app.state.parts
        return parts


def create_app(parts: Parts) -> Litestar:
    """Make the ASGI application of the listener."""
    return Litestar(
        route_handlers=[ping, health, load, submit, retrieve, retrieve_partial, kill],
        exception_handlers={JoborchError: refused, OSError: broken},
        request_class=SeedRequest,
        state=State({"parts": parts}),
        openapi_config=None,
        request_max_body_size=None,
        logging_config=None,
    )


@route("/", http_method=READING, sync_to_thread=False)
def ping() -> Pong:
    """Say that the listener is there."""
    return Pong()


@route("/health", http_method=READING, sync_to_thread=False)
def health() -> HealthBody:
    """Say that it can do its work; what it knows is in memory and on disk."""
    return HealthBody()


@route("/load", http_method=READING, sync_to_thread=False)
def load(request: SeedRequest) -> float:
    """Say how busy the processors of this host are, in percent."""
    return request.parts.load().cpu_percent


@post("/submit", status_code=200)
async def submit(request: SeedRequest) -> PayloadBody:
    """Take over a job; when this is answered, it survives a power cut."""
    parts = request.parts
    if not parts.has_room():
        raise DiskFullError("the disk of this agent is nearly full")
    upload = await receive_upload(
        request.headers,
        request.receive,
        stage=parts.book.shelf.stage,
        max_bytes=parts.max_upload,
        max_parts=MOST_FILES,
        name_of=path_of,
    )
    try:
        record = await parts.book.add(upload.staged)
    finally:
        await upload.staged.discard()
    parts.desk.wake()
    logger.info("job taken over", extra={"job_id": record.job_id, "files": len(record.files)})
    return _payload(record, PREPARED)


@route("/retrieve/{job_id:str}", http_method=READING)
async def retrieve(request: SeedRequest, job_id: FromPath[str]) -> Response[Any]:
    """Hand out the results of a completed job, or say where it is."""
    parts = request.parts
    record = _find(parts.book, job_id)
    if record is None:
        return Response(PayloadBody(), status_code=404)
    word = _word(record, parts.desk)
    if word == word_for(JobState.COMPLETED):
        return _zip(parts.book.shelf.results(record.job_id).open("rb"))
    return Response(_payload(record, word), status_code=202 if record.outcome is None else 203)


@route("/retrieve_partial/{job_id:str}", http_method=READING)
async def retrieve_partial(request: SeedRequest, job_id: FromPath[str]) -> Response[Any]:
    """Hand out a job's directory as it is now, or as it was when the job ended."""
    parts = request.parts
    record = _find(parts.book, job_id)
    archive = await unless_gone(request.receive, _partial(record, parts)) if record else None
    return Response(PayloadBody(), status_code=404) if archive is None else _zip(archive)


@post("/kill/{job_id:str}", status_code=200)
async def kill(request: SeedRequest, job_id: FromPath[str]) -> Response[Any]:
    """End a job; one that has ended stays as it ended."""
    parts = request.parts
    record = _find(parts.book, job_id)
    if record is None:
        return Response(PayloadBody(), status_code=404)
    now = parts.book.now()
    after = await parts.book.change(record.job_id, lambda old: changes.killed(old, now))
    parts.desk.wake()
    status = 200 if after.is_killed else 500
    return Response(b"", status_code=status, media_type="text/plain")


def refused(request: Request[Any, Any, Any], error: JoborchError) -> Response[PayloadBody]:
    """Answer what was refused; the original knows no more than the status."""
    logger.warning("request refused", extra={"path": request.url.path, "error": error.message})
    return Response(PayloadBody(), status_code=status_of(error))


def broken(request: Request[Any, Any, Any], error: OSError) -> Response[PayloadBody]:
    """Answer that the disk failed; whatever was asked for has not happened."""
    logger.error("request failed", extra={"path": request.url.path, "error": str(error)})
    return Response(PayloadBody(), status_code=500)


async def _partial(record: Record, parts: Parts) -> BinaryIO | None:
    if record.results_bytes is not None:
        return parts.book.shelf.results(record.job_id).open("rb")
    if record.is_waiting:
        return await parts.partials.of_inputs(record)
    if record.outcome is not None:
        return None
    request_id = parts.partials.ask(record)
    parts.desk.wake()
    return await parts.partials.answer(request_id)


def _find(book: Book, text: str) -> Record | None:
    is_id = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_ID))
    return book.find(int(text)) if is_id else None


def _word(record: Record, desk: Desk) -> str:
    if record.outcome is None:
        return word_for(JobState.RUNNING if desk.is_running(record) else JobState.ASSIGNED)
    return CLEANED if record.cleaned_at is not None else word_for(JobState(record.outcome))


def _payload(record: Record, word: str) -> PayloadBody:
    return PayloadBody(
        id=record.job_id, status=word, loc=f"jobs/{record.job_id}", killed=record.is_killed
    )


def _zip(archive: BinaryIO) -> FileAnswer:
    archive.seek(0, 2)
    return FileAnswer(archive, size_bytes=archive.tell(), media_type=ZIP)
