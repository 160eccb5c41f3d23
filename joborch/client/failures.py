"""What can go wrong between a client and its server, as errors of ours with words for a person."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from joborch.domain.errors import (
    NotAllowedError,
    NotFoundError,
    ServerBrokenError,
    ServerUnreachableError,
)

if TYPE_CHECKING:
    import httpx
else:
    from joborch.client import cheap_httpx as httpx

PLAIN, SECURE = "http://", "https://"
BAD_REQUEST = 400
_NO_TEXT = "illegal request line"
"""What the library says of an answer whose first byte is no letter, as TLS servers' is not."""


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Turn a failed connection into ``ServerUnreachableError``, with the reason."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise ServerUnreachableError(
            f"no answer from {server} in time", hint="is it overloaded? try again later"
        ) from error
    except (httpx.ConnectError, httpx.RemoteProtocolError) as error:
        if (other := _other_scheme(server, error)) is not None:
            raise other from error
        if not isinstance(error, httpx.ConnectError):
            raise _broken_off(server, error) from error
        raise ServerUnreachableError(
            f"cannot reach {server} ({_reason(error)})",
            hint="start one with `joborch serve`, or name another address",
        ) from error
    except httpx.TransportError as error:
        raise _broken_off(server, error) from error


def broken() -> tuple[type[Exception], ...]:
    """Return how connections fail that may be well the next time."""
    return (httpx.ConnectError, httpx.ConnectTimeout, httpx.RemoteProtocolError, httpx.ReadError)


def unexplained(
    response: "httpx.Response", server: str, request_id: str | None
) -> ServerBrokenError | NotAllowedError:
    """Return the error for an answer that is neither 2xx nor a problem."""
    answer = f"{server} answered {response.status_code} {response.reason_phrase}".rstrip()
    if response.status_code in {401, 403}:
        return NotAllowedError(answer, request_id=request_id)
    if response.has_redirect_location:
        target = response.headers["Location"]
        return ServerBrokenError(f"{answer}, to {target}", hint=_moved(response, server, target))
    if response.is_server_error:
        return ServerBrokenError(answer, hint="see the server's log", request_id=request_id)
    if response.status_code == BAD_REQUEST and server.startswith(PLAIN):
        # What proxies say to a request that should have been encrypted; joborch says why.
        return ServerBrokenError(answer, hint=f"is it {_otherwise(server)}?")
    return ServerBrokenError(answer, hint="is this the address of a joborch server?")


def misplaced(server: str, error: NotFoundError) -> ServerBrokenError | None:
    """Return the error for an address below that of a server, where there is no API; or None."""
    parts = urlsplit(server)
    if error.code != NotFoundError.code or not parts.path.strip("/"):
        return None
    return ServerBrokenError(
        f"{server} is not the address of a joborch server: {error.message}",
        hint=f"is it {parts.scheme}://{parts.netloc}?",
    )


def _moved(response: "httpx.Response", server: str, target: str) -> str:
    """Say which address to use, if a redirect leads to the same route at another one."""
    route = response.request.url.path.removeprefix(urlsplit(server).path.rstrip("/"))
    address, found, _ = target.partition(route)
    if not found or not urlsplit(address).netloc:
        return "is that the address of a joborch server?"
    return f"use {address} as the server's address"


def _other_scheme(server: str, error: Exception) -> ServerUnreachableError | None:
    """Return the error for a server that speaks plainly where TLS was tried, or the reverse."""
    if server.startswith(SECURE) and "wrong version number" in _reason(error).replace("_", " "):
        spoken, tried = "plain http", "https"
    elif server.startswith(PLAIN) and _NO_TEXT in str(error):
        spoken, tried = "https", "plain http"
    else:
        return None
    return ServerUnreachableError(
        f"{server} speaks {spoken}, not {tried}",
        hint=f"name it as {_otherwise(server)}",
        why=f"the address begins with {server.partition('//')[0]}//",
    )


def _otherwise(server: str) -> str:
    if server.startswith(SECURE):
        return PLAIN + server.removeprefix(SECURE)
    return SECURE + server.removeprefix(PLAIN)


def _broken_off(server: str, error: Exception) -> ServerUnreachableError:
    return ServerUnreachableError(f"the connection to {server} broke off ({_reason(error)})")


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
