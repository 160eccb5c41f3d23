"""Request bodies as bounded, timed streams.

No body is read without a limit on its size, on the silence between two pieces and on its rate.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping

from litestar.exceptions import HTTPException
from litestar.types import Receive

from joborch.domain.errors import TooLargeError

SILENCE_S = 30.0
"""Longest wait for the next piece of a body."""
LEAST_RATE = 1024
"""Bytes a second that a body must arrive at on average, after the first silence."""


class StalledError(HTTPException):
    """The client stopped sending, or sends too slowly; nothing of the request is kept."""

    status_code = 408

    def __init__(self) -> None:
        super().__init__(detail="nothing arrived for too long, or far too little")


class ClientGoneError(HTTPException):
    """The client closed the connection; whatever is answered reaches nobody."""

    status_code = 400

    def __init__(self) -> None:
        super().__init__(detail="the body ended before its time")


async def pieces(
    receive: Receive, *, most: int, silence_s: float = SILENCE_S
) -> AsyncGenerator[bytes, None]:
    """Yield the body as it comes in; ``silence_s`` is the longest wait for a piece.

    Raises:
        TooLargeError: as soon as more than ``most`` bytes have come.
        StalledError: the client sends nothing, or too slowly.
        ClientGoneError: the client went away before the end.
    """
    patience_s, size, more = silence_s, 0, True
    while more:
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(silence_s, patience_s))):
                message = await receive()
        except TimeoutError:
            raise StalledError from None
        patience_s -= time.monotonic() - asked_at
        if message["type"] != "http.request":
            raise ClientGoneError
        data, more = message["body"], message["more_body"]
        size += len(data)
        patience_s += len(data) / LEAST_RATE
        if size > most:
            raise too_large(most)
        if data:
            yield data


def announced_bytes(headers: Mapping[str, str]) -> int | None:
    """Return the Content-Length if there is one."""
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def too_large(most: int) -> TooLargeError:
    """Return the error for a body over its limit."""
    return TooLargeError(f"the request's body is over the limit of {most} bytes", limit_bytes=most)
