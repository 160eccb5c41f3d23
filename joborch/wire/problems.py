"""RFC 9457 problems: how an error crosses a socket, and how it becomes an error again."""

from typing import Any

import msgspec

from joborch.domain import errors

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[errors.JoborchError], int] = {
    errors.TooLargeError: 413,
    errors.UnknownServiceError: 422,
    errors.RequestError: 400,
    errors.NotAllowedError: 401,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.ResultsGoneError: 410,
    errors.DiskFullError: 507,
    errors.AgentUnreachableError: 504,
    errors.UnavailableError: 503,
}
"""The HTTP status of each kind of error; the nearest ancestor decides."""


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of every answer that is not 2xx on ``/api/v1``."""

    title: str
    """The error's kind, in words."""
    status: int
    code: str
    """Stable across versions, for programs."""
    detail: str = ""
    """What happened this time, for people."""
    hint: str | None = None
    """How to mend it."""
    type: str = "about:blank"
    request_id: str | None = None
    details: dict[str, Any] = {}


def status_of(error: errors.JoborchError) -> int:
    """Return the HTTP status for an error; 500 for one without a place in the table."""
    kinds = type(error).__mro__
    return next((STATUS[kind] for kind in kinds if kind in STATUS), 500)


def problem_of(error: errors.JoborchError, *, request_id: str | None = None) -> Problem:
    """Describe an error for the other side."""
    return Problem(
        title=error.code.replace("_", " "),
        status=status_of(error),
        code=error.code,
        detail=error.message,
        hint=error.hint,
        request_id=request_id,
        details=dict(error.details),
    )


def error_of(problem: Problem) -> errors.JoborchError:
    """Make the other side's error ours again: the same class, message and details.

    A code this version does not know becomes the class that its status stands for.
    """
    kind = _KINDS.get(problem.code) or _kind_for(problem.status)
    error = kind.__new__(kind)
    errors.JoborchError.__init__(error, problem.detail, hint=problem.hint, **problem.details)
    for name, value in problem.details.items():
        if not hasattr(error, name):
            setattr(error, name, value)
    if kind is errors.JoborchError:
        error.details["code"] = problem.code
    return error


def _kind_for(status: int) -> type[errors.JoborchError]:
    kinds = (kind for kind, known in STATUS.items() if known == status)
    fallback = errors.RequestError if 400 <= status < 500 else errors.ServerBrokenError
    return next(kinds, fallback)


def _leaves(kind: type[errors.JoborchError]) -> dict[str, type[errors.JoborchError]]:
    found = {kind.code: kind}
    for child in kind.__subclasses__():
        found |= _leaves(child)
    return found


_KINDS = _leaves(errors.JoborchError)
