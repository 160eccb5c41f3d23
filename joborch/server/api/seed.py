"""The original's routes, word for word, over the same operations as the native ones.

``compat`` chooses between the generations of the original where they differ; see
``docs/http-api.md``.
"""

from typing import Annotated, Any

from litestar import Response, post, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter
from litestar.response import Stream

from joborch.domain.actors import ANYBODY
from joborch.domain.errors import (
    NotFinishedError,
    ResultsGoneError,
    UnavailableError,
    WrongStateError,
)
from joborch.domain.jobs import Job
from joborch.domain.states import JobState
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.described import UploadOperation, ZipOperation, another
from joborch.server.api.files import answer_with, partial_of
from joborch.server.api.health import database_state
from joborch.server.api.seed_words import (
    NO_PARTIAL,
    NO_PAYLOAD,
    SPOKEN,
    V2,
    SaidError,
    read_seed_id,
    read_seed_order,
    seed_word,
)
from joborch.server.api.submissions import receive_submission
from joborch.server.operations import cancel, fetch, query
from joborch.server.operations.fetch import Served
from joborch.server.parts import Parts
from joborch.web.streams import unless_gone
from joborch.wire.jobs import JobView
from joborch.wire.seed import (
    CLEANED,
    NOT_TERMINATED,
    TERMINATED,
    HealthBody,
    Pong,
    StatusBody,
    UploadBody,
    word_for,
)

_PENDING = frozenset({JobState.QUEUED, JobState.ASSIGNED, JobState.RUNNING})
REFUSED: dict[int, ResponseSpec] = {
    400: another(StatusBody, "Malformed; v1 says why in plain text."),
    404: another(StatusBody, "There is no such job."),
}
STORED = another(UploadBody, "The job is stored (v2).")


@route(
    "/",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    tags=["original"],
    sync_to_thread=False,
)
def ping() -> Pong:
    """Say that the server is there."""
    return Pong()


@route(
    "/health",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
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
    responses={201: STORED} | dict.fromkeys((400, 408, 409, 413, 503, 507), REFUSED[400]),
    exception_handlers=SPOKEN,
)
async def seed_upload(
    request: ApiRequest,
    key: Annotated[
        str | None,
        HeaderParameter(name="Idempotency-Key", description="Submits nothing twice."),
    ] = None,
) -> Response[UploadBody]:
    """Submit a job with its files."""
    parts = request.parts
    received = await receive_submission(request, lambda fields: read_seed_order(fields, key, parts))
    return _uploaded(received.accepted.jobs[0], parts)


@route(
    "/download/{job_id:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    tags=["original"],
    operation_class=ZipOperation,
    responses=REFUSED
    | {
        202: another(StatusBody, "Not yet (v1)."),
        204: another(None, "It left nothing; X-Job-Status says why (v1)."),
        416: another(StatusBody, "The ZIP does not reach as far as the range."),
    },
    exception_handlers=SPOKEN,
)
async def seed_download(request: ApiRequest, job_id: FromPath[str]) -> Response[Any]:
    """Fetch the ZIP that a job left, or learn where the job is."""
    parts = request.parts
    number = read_seed_id(job_id, "u32" if parts.settings.compat == V2 else "i32")
    view = await query.find(number, database=parts.database)
    word = seed_word(view)
    if view.state != JobState.COMPLETED or word == CLEANED:
        return _no_zip(view, word, parts)
    try:
        served = await fetch.results(number, database=parts.database, blobs=parts.blobs)
    except ResultsGoneError:  # Retention took them just now.
        return _no_zip(view, CLEANED, parts)
    answer = answer_with(served, media_type="application/zip")
    answer.headers["x-job-status"] = word
    return answer


@route(
    "/download_partial/{job_id:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    tags=["original"],
    operation_class=ZipOperation,
    responses=REFUSED | {500: another(StatusBody, NO_PARTIAL)},
    exception_handlers=SPOKEN,
)
async def seed_partial(request: ApiRequest, job_id: FromPath[str]) -> Response[Any]:
    """Fetch a ZIP of a running job's directory as it is now; HEAD has none packed."""
    number = read_seed_id(job_id)
    try:
        served = await _partial(number, request)
    except (NotFinishedError, ResultsGoneError) as error:
        raise SaidError(NO_PAYLOAD, status=404, about=number, is_plain=False) from error
    except UnavailableError as error:
        raise SaidError(NO_PARTIAL, status=500, about=number, is_plain=False) from error
    if served is None:
        return Stream(iter(()), media_type="application/zip")
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
    number = read_seed_id(job_id)
    try:
        job = await cancel.cancel(
            number,
            actor=ANYBODY,
            database=parts.database,
            roll=parts.roll,
            clock=parts.clock,
            wake=parts.wake,
        )
    except WrongStateError:
        word = seed_word(await query.find(number, database=parts.database))
        body = StatusBody(id=number, status=word, message=NOT_TERMINATED)
        return Response(body, status_code=500)
    return Response(StatusBody(id=number, status=word_for(job.state), message=TERMINATED))


def _uploaded(job: Job, parts: Parts) -> Response[UploadBody]:
    body = UploadBody(
        id=job.id,
        user_id=int(job.user_id),
        service=job.service,
        status=word_for(job.state),
        loc=f"payloads/{job.payload_id}",
        dest_id=0,
    )
    return Response(body, status_code=201 if parts.settings.compat == V2 else 200)


async def _partial(number: int, request: ApiRequest) -> Served | None:
    """Bring a job's directory; None where HEAD asks for one that would have to be packed."""
    parts = request.parts
    if request.method != HttpMethod.HEAD:
        return await unless_gone(request.receive, partial_of(number, parts))
    return await fetch.foreseen_partial(
        number, database=parts.database, blobs=parts.blobs, roll=parts.roll
    )


def _no_zip(view: JobView, word: str, parts: Parts) -> Response[Any]:
    """Say where a job without a ZIP is; v1 by the status, v2 by the body."""
    body = StatusBody(id=view.id, status=word, message=view.reason or "")
    headers = {"x-job-status": word}
    if parts.settings.compat == V2:
        return Response(body, status_code=200, headers=headers)
    if view.state in _PENDING:
        return Response(body, status_code=202, headers=headers)
    return Response(None, status_code=204, headers=headers)


HANDLERS: list[HTTPRouteHandler] = [
    ping,
    seed_health,
    seed_upload,
    seed_download,
    seed_partial,
    seed_terminate,
]
