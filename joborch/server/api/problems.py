"""Errors as RFC 9457 problems: the only place where the server makes an HTTP status of one."""

import errno
import logging
import re
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from joborch.domain.errors import (
    DiskFullError,
    InvalidRequestError,
    JobNotFoundError,
    JoborchError,
    NotAllowedError,
    UnavailableError,
)
from joborch.domain.names import shown
from joborch.wire.problems import MEDIA_TYPE, Problem, problem_of

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 5
_WORDS = {
    400: "What was asked is malformed; every mistake is named.",
    401: "The credentials do not match.",
    404: "There is no such thing.",
    405: "The route does not know this method.",
    408: "The client stopped sending.",
    409: "Not at this moment: the state does not allow it.",
    410: "There are no results (any more).",
    413: "Over a limit on bytes or counts.",
    416: "No such range.",
    422: "No such service.",
    503: "The server is stopping, or its database failed.",
    504: "The agent that holds the job did not answer.",
    507: "The server's disk is too full for new submissions.",
}
_JOB = re.compile(r"/api/v1/jobs/(?!\d{1,19}(?:/|$))([^/]+)")
_CODES = {400: "invalid_request", 408: "timeout", 413: "too_large"}


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """Describe the problems that a route may answer with, for the API's description."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=_WORDS[status],
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in sorted(statuses)
    }


def on_refusal(request: Request[Any, Any, Any], error: JoborchError) -> Response[bytes]:
    """Answer with a problem for one of our own errors."""
    headers = {}
    if isinstance(error, UnavailableError):
        headers["retry-after"] = str(RETRY_AFTER_S)
    if isinstance(error, NotAllowedError):
        headers["www-authenticate"] = "Bearer"
    return _answer(problem_of(error, request_id=request_id_of(request)), headers)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer with a problem for what the framework refused."""
    if isinstance(error, ValidationException):
        return on_refusal(request, InvalidRequestError(*mistakes_of(error)))
    if error.status_code >= 500:
        return on_bug(request, error)
    if error.status_code == 404 and (job := _JOB.match(request.scope["path"])):
        return on_refusal(request, JobNotFoundError(shown(job[1])))
    phrase = HTTPStatus(error.status_code).phrase
    problem = Problem(
        title=phrase.lower(),
        status=error.status_code,
        code=_CODES.get(error.status_code, phrase.lower().replace(" ", "_")),
        detail=_detail(request, error),
        request_id=request_id_of(request),
    )
    return _answer(problem, dict(error.headers or {}))


def on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer with a reference into the log for what nobody foresaw."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return on_refusal(request, DiskFullError("the server's disk is full"))
    ref = request_id_of(request)
    logger.error(
        "request failed",
        exc_info=error,
        extra={"request_id": ref, "method": request.method, "path": request.scope["path"]},
    )
    return _answer(
        Problem(
            title="internal error",
            status=500,
            code="internal_error",
            detail="the server failed at this; its log says more",
            hint=f"tell the operator the reference {ref}",
            request_id=ref,
        ),
        {},
    )


def mistakes_of(error: ValidationException) -> list[str]:
    """Return each thing that is wrong with a request, by the name of its parameter."""
    extra: Any = error.extra if isinstance(error.extra, list) else []
    found = [f"{one.get('key') or 'body'}: {one['message']}" for one in extra]
    return found or [str(error.detail)]


def request_id_of(request: Request[Any, Any, Any]) -> str:
    """Return the id that the answer's ``X-Request-Id`` carries."""
    return str(request.scope["state"].get("request_id", ""))


HANDLERS: dict[type[Exception] | int, Any] = {
    JoborchError: on_refusal,
    HTTPException: on_http_error,
    Exception: on_bug,
}


def _detail(request: Request[Any, Any, Any], error: HTTPException) -> str:
    path = shown(request.scope["path"])
    match error.status_code:
        case 404:
            return f"there is nothing at {path}"
        case 405:
            return f"{path} cannot be asked for with {request.method}"
        case _:
            return str(error.detail)


def _answer(problem: Problem, headers: dict[str, str]) -> Response[bytes]:
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )
