"""What handlers answer with: JSON, or MessagePack where the request asks for it."""

from typing import Any, TypeVar

from litestar import MediaType, Request, Response
from litestar.response.base import ASGIResponse

from joborch.server.api.bodies import MSGPACK

T = TypeVar("T")


class Negotiated(Response[T]):
    """A value, encoded as the request's Accept wants it."""

    def to_asgi_response(
        self, app: Any, request: Request[Any, Any, Any], **given: Any
    ) -> ASGIResponse:
        """Choose the encoding."""
        if MSGPACK in request.headers.get("accept", "") and self.status_code != 204:
            self.media_type = MediaType.MESSAGEPACK
        return super().to_asgi_response(app, request, **given)
