"""What can go wrong between a client and its server, as errors of ours with words for a person."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from joborch.client.cheap_httpx import httpx
from joborch.domain.errors import NotAllowedError, ServerBrokenError, ServerUnreachableError


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Turn a failed connection into ``ServerUnreachableError``, with the reason."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise ServerUnreachableError(
            f"no answer from {server} in time", hint="is it overloaded? try again later"
        ) from error
    except httpx.ConnectError as error:
        raise ServerUnreachableError(
            f"cannot reach {server} ({_reason(error)})",
            hint="start one with `joborch serve`, or name another address",
        ) from error
    except httpx.TransportError as error:
        raise ServerUnreachableError(
            f"the connection to {server} broke off ({_reason(error)})"
        ) from error


def unexplained(
    response: httpx.Response, server: str, request_id: str | None
) -> ServerBrokenError | NotAllowedError:
    """Return the error for an answer that is neither 2xx nor a problem."""
    answer = f"{server} answered {response.status_code} {response.reason_phrase}".rstrip()
    if response.status_code in {401, 403}:
        return NotAllowedError(answer, request_id=request_id)
    if response.has_redirect_location:
        target = response.headers["Location"]
        return ServerBrokenError(f"{answer}, to {target}", hint="use that address instead")
    if response.is_server_error:
        return ServerBrokenError(answer, hint="see the server's log", request_id=request_id)
    return ServerBrokenError(answer, hint="is this the address of a joborch server?")


def _reason(error: BaseException) -> str:
    """Find the words of the operating system at the bottom of a chain of exceptions."""
    found = str(error) or type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionError) and cause.errno:
            found = os.strerror(cause.errno)
        elif isinstance(cause, OSError) and cause.strerror:
            found = cause.strerror
        cause = cause.__cause__ or cause.__context__
    return found[:1].lower() + found[1:]
