"""Open files as answers: ETag, Range, If-None-Match, in pieces read beside the event loop.

The file is open before the answer begins, so its removal meanwhile changes nothing; it is closed
however the answer ends.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from joborch.web.bodies import ClientGoneError
from joborch.web.streams import unless_gone

PIECE_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Part:
    """What of a file is to be sent, and under which status; ``last`` is included."""

    status: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1


class FileAnswer(Response[bytes]):
    """A file, or the part of it that the request asks for; ``skip_bytes`` of it do not count."""

    def __init__(
        self,
        file: BinaryIO,
        *,
        size_bytes: int,
        etag: str | None = None,
        filename: str | None = None,
        skip_bytes: int = 0,
        media_type: str = "application/octet-stream",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(b"", media_type=media_type, headers=dict(headers or {}))
        self._file = file
        self._skip_bytes = min(skip_bytes, size_bytes)
        self._size_bytes = size_bytes - self._skip_bytes
        self._etag = f'"{etag}"' if etag else None
        if filename is not None:
            self.headers["content-disposition"] = disposition(filename)

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **_: Any) -> "_Sending":
        """Choose what to send, by the request's headers."""
        part = choose(request.headers, self._size_bytes, self._etag)
        headers = {"accept-ranges": "bytes", "x-content-type-options": "nosniff", **self.headers}
        if self._etag:
            headers["etag"] = self._etag
        if part.status == 206:
            headers["content-range"] = f"bytes {part.first}-{part.last}/{self._size_bytes}"
        if part.status == 416:
            headers["content-range"] = f"bytes */{self._size_bytes}"
        if part.status != 304:
            headers["content-length"] = str(part.size)
            headers["content-type"] = str(self.media_type)
        return _Sending(self._file, part, headers, self._skip_bytes)


class _Sending(ASGIResponse):
    def __init__(self, file: BinaryIO, part: Part, headers: dict[str, str], skip: int) -> None:
        super().__init__(status_code=304, headers=headers)
        self.file, self.part, self.skip = file, part, skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope.get("method") == "HEAD"
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.part.status,
                    "headers": self.encode_headers(),
                }
            )
            with suppress(ClientGoneError):
                if self.part.size and not is_head:
                    await unless_gone(receive, self._send(send))
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.file.close()

    async def _send(self, send: Send) -> None:
        left = self.part.size
        await asyncio.to_thread(self.file.seek, self.skip + self.part.first)
        while left:
            piece = await asyncio.to_thread(self.file.read, min(PIECE_BYTES, left))
            if not piece:
                raise OSError(f"a file ended {left} bytes early")
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})


def choose(headers: Mapping[str, str], size: int, etag: str | None) -> Part:
    """Decide by the request's headers what of a file of ``size`` bytes is sent.

    Several ranges at once, and units other than bytes, are answered with the whole file.
    """
    whole = Part(200, 0, size - 1)
    if etag and _names(headers.get("if-none-match", ""), etag):
        return Part(304, 0, -1)
    match = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if not match or not any(match.groups()) or headers.get("if-range", etag) != etag:
        return whole
    first, last = (int(group) if group else None for group in match.groups())
    if first is None:
        first, last = max(0, size - (last or 0)), size - 1
    last = size - 1 if last is None else min(last, size - 1)
    if first > last:
        is_backwards = bool(match[1] and match[2]) and int(match[2]) < int(match[1])
        return whole if is_backwards else Part(416, 0, -1)
    return Part(206, first, last)


def disposition(filename: str) -> str:
    """Return the Content-Disposition that has a browser save the file under its name."""
    base = filename.rsplit("/", 1)[-1]
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in "._-+ " else "_" for c in base)
    extended = f"; filename*=UTF-8''{quote(base, safe='')}" if plain != base else ""
    return f'attachment; filename="{plain}"{extended}'


def _names(header: str, etag: str) -> bool:
    wanted = [entry.strip().removeprefix("W/") for entry in header.split(",")]
    return etag in wanted or wanted == ["*"]
