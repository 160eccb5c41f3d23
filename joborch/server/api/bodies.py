"""What comes in: JSON or MessagePack values, never read without a limit."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State

from joborch.domain.errors import InvalidRequestError
from joborch.server.parts import Parts
from joborch.web.bodies import announced_bytes, pieces, too_large

MSGPACK = "application/x-msgpack"
MAX_VALUE_BYTES = 64 * 1024 * 1024
"""Of a JSON or MessagePack body: a batch of reports with their small results."""


class ApiRequest(Request[Any, Any, State]):
    """A request whose body may be MessagePack, and is never read without a limit."""

    @property
    def parts(self) -> Parts:
        """What the server is made of."""
        parts: Parts = self.app.state.parts
        return parts

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body within the limits; the framework reads JSON bodies through this."""
        if (announced_bytes(self.headers) or 0) > MAX_VALUE_BYTES:
            raise too_large(MAX_VALUE_BYTES)
        async for piece in pieces(self.receive, most=MAX_VALUE_BYTES):
            yield piece

    async def json(self) -> Any:
        """Decode the body by its Content-Type.

        Raises:
            InvalidRequestError: it is not what the Content-Type says.
        """
        body = await self.body()
        is_msgpack = "msgpack" in self.headers.get("content-type", "")
        try:
            return msgspec.msgpack.decode(body) if is_msgpack else msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            kind = "MessagePack" if is_msgpack else "JSON"
            raise InvalidRequestError(f"the body is not {kind}: {error}") from error
