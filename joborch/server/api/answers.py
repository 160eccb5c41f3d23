"""What handlers answer with: JSON, or MessagePack where the request asks for it."""

from typing import Annotated, Any, TypeVar

from litestar import MediaType, Request, Response
from litestar.params import Dependency
from litestar.response.base import ASGIResponse

from joborch.server.api.bodies import MSGPACK
from joborch.server.parts import Parts

T = TypeVar("T")

Ours = Annotated[Parts, Dependency(skip_validation=True)]
"""The server's parts, given to every handler that names them ``parts``."""


class Negotiated(Response[T]):
    """A value, encoded as the request's Accept wants it."""

    def to_asgi_response(
        self, app: Any, request: Request[Any, Any, Any], **given: Any
    ) -> ASGIResponse:
        """Choose the encoding."""
        if MSGPACK in request.headers.get("accept", "") and self.status_code != 204:
            self.media_type = MediaType.MESSAGEPACK
        return super().to_asgi_response(app, request, **given)
