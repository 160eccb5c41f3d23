"""The original's routes, word for word, over the same operations as the native ones.

``compat`` chooses between the generations of the original where they differ; see
``docs/http-api.md``.
"""

import re
from typing import Any

from litestar import Request, Response, get, post, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from joborch.domain.errors import (
    JobNotFoundError,
    JoborchError,
    NotFinishedError,
    ResultsGoneError,
    UnavailableError,
    UnknownServiceError,
    WrongStateError,
)
from joborch.domain.jobs import Job, NewJob
from joborch.domain.states import JobState
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.described import UploadOperation, ZipOperation, another
from joborch.server.api.files import answer_with, partial_of
from joborch.server.api.forms import MOST_ATTEMPTS
from joborch.server.api.health import database_state
from joborch.server.api.queries import LARGEST_ID
from joborch.server.api.streams import unless_gone
from joborch.server.api.uploads import BadMultipartError, receive_upload
from joborch.server.operations import cancel, fetch, query
from joborch.server.operations.submit import Order, submit
from joborch.server.parts import Parts
from joborch.wire.jobs import JobView
from joborch.wire.problems import status_of
from joborch.wire.seed import (
    CLEANED,
    NOT_TERMINATED,
    TERMINATED,
    HealthBody,
    Pong,
    StatusBody,
    UploadBody,
    not_found,
    word_for,
)

_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
_V2 = "v2"
_PENDING = frozenset({JobState.QUEUED, JobState.ASSIGNED, JobState.RUNNING})
_WORDS: dict[str, dict[str, str]] = {
    "v1": {
        "no user": "Missing user_id",
        "bad user": "Invalid user_id",
        "no service": "Missing service",
    },
    "v2": {
        "no user": "Missing user_id field",
        "bad user": "Invalid user_id, should be a number",
        "no service": "Missing service field",
    },
}
INVALID_SERVICE = "Invalid service"
NO_PARTIAL = "Error retrieving partial data from client"


class SaidError(JoborchError):
    """The original has words of its own for this."""

    def __init__(self, said: str, *, status: int = 400) -> None:
        super().__init__(said)
        self.status = status


def on_refusal(request: Request[Any, Any, Any], error: JoborchError) -> Response[Any]:
    """Answer with the generation's words for what was refused."""
    if isinstance(error, JobNotFoundError):
        return Response(not_found(int(error.job_id)), status_code=404)
    parts: Parts = request.app.state.parts
    status = error.status if isinstance(error, SaidError) else status_of(error)
    said = error.message
    if isinstance(error, BadMultipartError):
        said = f"Multipart error: {error.message}"
    if isinstance(error, UnknownServiceError):
        status, said = 400, INVALID_SERVICE
    if parts.settings.compat == _V2:
        return Response(StatusBody(message=said), status_code=status)
    return Response(said, status_code=status, media_type="text/plain")


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer with the generation's words for what the framework refused."""
    return on_refusal(request, SaidError(str(error.detail), status=error.status_code))


SPOKEN: dict[type[Exception] | int, Any] = {
    JoborchError: on_refusal,
    HTTPException: on_http_error,
}
REFUSED: dict[int, ResponseSpec] = {
    400: another(StatusBody, "Malformed; v1 says why in plain text."),
    404: another(StatusBody, "There is no such job."),
}
STORED = another(UploadBody, "The job is stored (v2).")


@get("/", tags=["original"], sync_to_thread=False)
def ping() -> Pong:
    """Say that the server is there."""
    return Pong()


@get(
    "/health",
    tags=["original"],
    responses={503: another(HealthBody, "It cannot do its work.")},
)
async def seed_health(request: ApiRequest) -> Response[HealthBody]:
    """Say whether the server can do its work."""
    parts = request.parts
    database = await database_state(parts)
    return Response(
        HealthBody(status=database, database=database), status_code=200 if database == "ok" else 503
    )


@post(
    "/upload",
    status_code=200,
    tags=["original"],
    operation_class=UploadOperation,
    responses={201: STORED, 400: REFUSED[400], 413: REFUSED[400]},
    exception_handlers=SPOKEN,
)
async def seed_upload(request: ApiRequest) -> Response[UploadBody]:
    """Submit a job with its files."""
    parts = request.parts
    settings = parts.settings
    upload = await receive_upload(
        request.headers,
        request.receive,
        blobs=parts.blobs,
        max_bytes=settings.max_upload,
        max_parts=settings.max_files,
    )
    order = await upload.or_discard(lambda: _order(upload.fields, parts))
    accepted = await submit(
        order,
        upload.staged,
        database=parts.database,
        blobs=parts.blobs,
        catalog=parts.catalog,
        clock=parts.clock,
        wake=parts.wake,
    )
    return _uploaded(accepted.jobs[0], parts)


@route(
    "/download/{job_id:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    tags=["original"],
    operation_class=ZipOperation,
    responses=REFUSED
    | {
        202: another(StatusBody, "Not yet (v1)."),
        204: another(None, "It left nothing; X-Job-Status says why (v1)."),
    },
    exception_handlers=SPOKEN,
)
async def seed_download(request: ApiRequest, job_id: FromPath[str]) -> Response[Any]:
    """Fetch the ZIP that a job left, or learn where the job is."""
    parts = request.parts
    number = _job_id(job_id, parts)
    view = await query.find(number, database=parts.database)
    word = _word_of(view)
    if view.state == JobState.COMPLETED and word != CLEANED:
        served = await fetch.results(number, database=parts.database, blobs=parts.blobs)
        answer = answer_with(served, media_type="application/zip")
        answer.headers["x-job-status"] = word
        return answer
    return _no_zip(view, word, parts)


@get(
    "/download_partial/{job_id:str}",
    tags=["original"],
    operation_class=ZipOperation,
    responses=REFUSED | {500: another(StatusBody, NO_PARTIAL)},
    exception_handlers=SPOKEN,
)
async def seed_partial(request: ApiRequest, job_id: FromPath[str]) -> Response[bytes]:
    """Fetch a ZIP of a running job's directory as it is now."""
    parts = request.parts
    number = _job_id(job_id, parts)
    try:
        served = await unless_gone(request.receive, partial_of(number, parts))
    except (NotFinishedError, ResultsGoneError) as error:
        raise SaidError("Job payload not found on client", status=404) from error
    except UnavailableError as error:
        raise SaidError(NO_PARTIAL, status=500) from error
    return answer_with(served, media_type="application/zip")


@post(
    "/terminate/{job_id:str}",
    status_code=200,
    tags=["original"],
    responses=REFUSED | {500: another(StatusBody, "It had ended.")},
    exception_handlers=SPOKEN,
)
async def seed_terminate(request: ApiRequest, job_id: FromPath[str]) -> Response[StatusBody]:
    """End a job."""
    parts = request.parts
    number = _job_id(job_id, parts)
    try:
        job = await cancel.cancel(
            number,
            actor="api",
            database=parts.database,
            roll=parts.roll,
            clock=parts.clock,
        )
    except WrongStateError:
        word = _word_of(await query.find(number, database=parts.database))
        body = StatusBody(id=number, status=word, message=NOT_TERMINATED)
        return Response(body, status_code=500)
    return Response(StatusBody(id=number, status=word_for(job), message=TERMINATED))


def _order(fields: dict[str, list[str]], parts: Parts) -> Order:
    words = _WORDS[parts.settings.compat]
    if "user_id" not in fields:
        raise SaidError(words["no user"])
    user_id = fields["user_id"][-1].strip()
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", user_id) or abs(int(user_id)) >= 2**31:
        raise SaidError(words["bad user"])
    if "service" not in fields:
        raise SaidError(words["no service"])
    service = fields["service"][-1]
    new = NewJob(
        user_id=str(int(user_id)), service=service, name=service, max_attempts=MOST_ATTEMPTS
    )
    return Order(new=new, accepts_missing_script=True)


def _uploaded(job: Job, parts: Parts) -> Response[UploadBody]:
    body = UploadBody(
        id=job.id,
        user_id=int(job.user_id),
        service=job.service,
        status=word_for(job),
        loc=f"payloads/{job.payload_id}",
        dest_id=0,
    )
    return Response(body, status_code=201 if parts.settings.compat == _V2 else 200)


def _no_zip(view: JobView, word: str, parts: Parts) -> Response[Any]:
    """Say where a job without a ZIP is; v1 by the status, v2 by the body."""
    body = StatusBody(id=view.id, status=word, message=view.reason or "")
    headers = {"x-job-status": word}
    if parts.settings.compat == _V2:
        return Response(body, status_code=200, headers=headers)
    if view.state in _PENDING:
        return Response(body, status_code=202, headers=headers)
    return Response(None, status_code=204, headers=headers)


def _job_id(text: str, parts: Parts) -> int:
    """Read a job's id as the original's path does."""
    kind = "u32" if parts.settings.compat == _V2 else "i32"
    if not _DIGITS.fullmatch(text) or int(text) > LARGEST_ID:
        raise SaidError(f"Invalid URL: Cannot parse `{text[:40]}` to a `{kind}`")
    return int(text)


def _word_of(view: JobView) -> str:
    """Return the original's word for where a job is."""
    job = Job(
        id=view.id,
        user_id=view.user_id,
        service=view.service,
        name=view.name,
        state=JobState(view.state),
        payload_id="",
        submitted_at=view.submitted_at,
        results_removed_at=view.results.removed_at if view.results else None,
    )
    return word_for(job)


HANDLERS: list[HTTPRouteHandler] = [
    ping,
    seed_health,
    seed_upload,
    seed_download,
    seed_partial,
    seed_terminate,
]
