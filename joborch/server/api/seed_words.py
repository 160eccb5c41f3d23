"""What the original says, and where its generations say it differently."""

import re
from typing import Any, Literal

from litestar import Request, Response
from litestar.exceptions import HTTPException

from joborch.domain.errors import JobNotFoundError, JoborchError, UnknownServiceError
from joborch.domain.jobs import NewJob
from joborch.domain.states import JobState
from joborch.server.api.forms import BAD_KEY, MOST_ATTEMPTS, is_key
from joborch.server.operations.submit import Order
from joborch.server.parts import Parts
from joborch.web.uploads import BadMultipartError
from joborch.wire.jobs import JobView
from joborch.wire.problems import status_of
from joborch.wire.seed import StatusBody, not_found, word_for

_WHOLE = re.compile(r"[+-]?0*[0-9]{1,10}", re.ASCII)
Kind = Literal["i32", "u32"]
_KINDS: dict[Kind, range] = {"i32": range(-(2**31), 2**31), "u32": range(2**32)}
V2 = "v2"
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
NO_PAYLOAD = "Job payload not found on client"


class SaidError(JoborchError):
    """The original has words of its own for this.

    ``about`` is the job's id for the body; ``is_plain`` says that both generations say it in plain
    text, or that both say it in JSON, where it is not a matter of the generation.
    """

    def __init__(
        self, said: str, *, status: int = 400, about: int = 0, is_plain: bool | None = None
    ) -> None:
        super().__init__(said)
        self.status = status
        self.about = about
        self.is_plain = is_plain


def on_refusal(request: Request[Any, Any, Any], error: JoborchError) -> Response[Any]:
    """Answer with the generation's words for what was refused."""
    if isinstance(error, JobNotFoundError):
        return Response(not_found(int(error.job_id)), status_code=404)
    parts: Parts = request.app.state.parts
    said = error if isinstance(error, SaidError) else _said(error)
    is_plain = parts.settings.compat != V2 if said.is_plain is None else said.is_plain
    if is_plain:
        return Response(said.message, status_code=said.status, media_type="text/plain")
    return Response(StatusBody(id=said.about, message=said.message), status_code=said.status)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer with the generation's words for what the framework refused."""
    return on_refusal(request, SaidError(str(error.detail), status=error.status_code))


SPOKEN: dict[type[Exception] | int, Any] = {
    JoborchError: on_refusal,
    HTTPException: on_http_error,
}


def read_seed_order(fields: dict[str, list[str]], key: str | None, parts: Parts) -> Order:
    """Read what is asked for; other fields than the original's two are ignored.

    ``key`` is the Idempotency-Key header, which no client of the original sends.

    Raises:
        SaidError: in the generation's words.
    """
    words = _WORDS[parts.settings.compat]
    if "user_id" not in fields:
        raise SaidError(words["no user"])
    user_id = fields["user_id"][-1]
    if not _is_whole(user_id, "i32") or int(user_id) < 0:
        raise SaidError(words["bad user"])
    if "service" not in fields:
        raise SaidError(words["no service"])
    if key is not None and not is_key(key):
        raise SaidError(BAD_KEY)
    service = fields["service"][-1]
    new = NewJob(
        user_id=str(int(user_id)), service=service, name=service, max_attempts=MOST_ATTEMPTS
    )
    return Order(new=new, key=key, accepts_missing_script=True)


def read_seed_id(text: str, kind: Kind = "u32") -> int:
    """Read a job's id as the original's path does; ``kind`` is what it calls such a number.

    Raises:
        SaidError: in the original's words.
    """
    if not _is_whole(text, kind):
        raise SaidError(f"Invalid URL: Cannot parse `{text[:40]}` to a `{kind}`", is_plain=True)
    return int(text)


def seed_word(view: JobView) -> str:
    """Return the original's word for where a job is."""
    is_cleaned = view.results is not None and view.results.removed_at is not None
    return word_for(JobState(view.state), is_cleaned=is_cleaned)


def _is_whole(text: str, kind: Kind) -> bool:
    """Whether the original reads this as a number of a kind; one without a sign has no minus."""
    if not _WHOLE.fullmatch(text) or (kind == "u32" and text.startswith("-")):
        return False
    return int(text) in _KINDS[kind]


def _said(error: JoborchError) -> SaidError:
    if isinstance(error, UnknownServiceError):
        return SaidError(INVALID_SERVICE)
    said = error.message
    if isinstance(error, BadMultipartError):
        said = f"Multipart error: {said.removeprefix('multipart: ')}"
    return SaidError(said, status=status_of(error))
