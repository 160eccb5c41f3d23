"""What every request passes first and every answer last: its id, the date, and what is left over.

A client that is refused while it still sends would see a reset connection in place of the answer.
So the answer goes out at once, and what the client was sending is then read and dropped, within
bounds, before the connection is closed.
"""

import asyncio
import re
import secrets
import time
from contextlib import suppress
from email.utils import formatdate
from typing import Any, cast

from litestar.types import ASGIApp, HTTPResponseBodyEvent, Message, Receive, Scope, Send

SMALL_REST = 64 * 1024
"""Left over by a handler, this much is dropped without closing the connection."""
DROPPED_BYTES = 1024 * 1024 * 1024
DROPPING_S = 60.0
SILENCE_S = 5.0
_REQUEST_ID = re.compile(rb"[\w.:+/=-]{1,64}", re.ASCII)

_date_cache = (0, b"")


async def pass_through(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request."""
    exchange = _Exchange(dict(scope["headers"]), receive, send)
    scope["state"]["request_id"] = exchange.request_id.decode()
    await app(scope, exchange.receive, exchange.send)


def http_date() -> bytes:
    """Return the time for a Date header; formatted once a second."""
    global _date_cache  # noqa: PLW0603 - a cache of one value
    now = int(time.time())
    if _date_cache[0] != now:
        _date_cache = (now, formatdate(now, usegmt=True).encode())
    return _date_cache[1]


class _Exchange:
    """One request and its answer, with how much of the request has been read."""

    def __init__(self, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        given = headers.get(b"x-request-id", b"")
        is_fit = _REQUEST_ID.fullmatch(given)
        self.request_id = given if is_fit else secrets.token_hex(8).encode()
        self._receive = receive
        self._send = send
        length = headers.get(b"content-length", b"0")
        self._left: float = int(length) if length.isdigit() else 0
        if b"transfer-encoding" in headers:
            self._left = float("inf")
        self._closes = False
        self._patience_s = DROPPING_S

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request":
            more = message.get("more_body", False)
            self._left = self._left - len(message.get("body", b"")) if more else 0
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._closes = self._left > SMALL_REST
            if message["status"] == 408:
                self._patience_s = 0.0
            message["headers"] = [*message["headers"], *self._headers()]
        elif self._closes and not message.get("more_body", False):
            first: HTTPResponseBodyEvent = {
                "type": "http.response.body",
                "body": cast("bytes", message.get("body", b"")),
                "more_body": True,
            }
            await self._send(first)
            await self._drop_the_rest()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    def _headers(self) -> list[tuple[bytes, bytes]]:
        headers = [(b"date", http_date()), (b"x-request-id", self.request_id)]
        return [*headers, (b"connection", b"close")] if self._closes else headers

    async def _drop_the_rest(self) -> None:
        dropped = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s):
                while self._left and dropped < DROPPED_BYTES:
                    async with asyncio.timeout(SILENCE_S):
                        message = await self.receive()
                    if message["type"] != "http.request":
                        return
                    dropped += len(message["body"])
