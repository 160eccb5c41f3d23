"""Requests to one server: connections, retries, and errors made ours again.

Knows HTTP and how the server says no; must not know what a job or an agent is.
"""

import logging
import os
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec

from joborch.client.failures import broken, misplaced, translated, unexplained
from joborch.domain.errors import (
    InvalidRequestError,
    JoborchError,
    NotFoundError,
    ReadOnlyError,
    ServerBrokenError,
)
from joborch.wire.problems import Problem, error_of

if TYPE_CHECKING:
    import httpx
else:
    from joborch.client import cheap_httpx as httpx

logger = logging.getLogger(__name__)
headers_logger = logging.getLogger(f"{__name__}.headers")

T = TypeVar("T")
Content = bytes | AsyncIterator[bytes]

CONNECT_S = 5.0
DEFAULT_TIMEOUT_S = 30.0
PIECE_BYTES = 64 * 1024
"""Written at a time; a time-out is about one piece, or a slow line would count as a dead one."""
OVERLOADED = frozenset({502, 503, 504})
HARMLESS = frozenset({"GET", "HEAD"})
SECRET = frozenset({"authorization", "lease-token", "proxy-authorization", "cookie"})
"""Headers that are told to nobody but the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """How bodies are written and read."""

    media_type: str
    encode: Callable[[Any], bytes]
    decode: Callable[..., Any]


JSON = Codec(media_type="application/json", encode=msgspec.json.encode, decode=msgspec.json.decode)
MSGPACK = Codec(
    media_type="application/x-msgpack",
    encode=msgspec.msgpack.encode,
    decode=msgspec.msgpack.decode,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a request that may be repeated is tried, and how long between: full jitter."""

    tries: int = 3
    base_s: float = 0.3

    def pause_s(self, attempt: int) -> float:
        """Return how long to wait after the ``attempt``-th failure, from 1."""
        return random.uniform(0, self.base_s * 2.0 ** (attempt - 1))  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, as it can be made again for every try."""

    method: str
    path: str
    query: Mapping[str, object] | None = None
    headers: Mapping[str, str] | None = None
    content: Callable[[], Content] | None = None
    """Makes the body anew for each try."""
    is_repeatable: bool = False
    """Whether sending it twice has the effect of sending it once."""
    read_s: float | None = None
    """Seconds of silence to bear, where the transport's own time-out does not fit."""


class Transport:
    """Keeps connections to one server. Every method raises only errors of the domain.

    ``ServerUnreachableError``: no connection or no answer in time; whether the server acted is
    not known. ``ServerBrokenError``: an answer that makes no sense. Anything else is the server's
    own refusal, as the class it was raised as over there.
    """

    def __init__(
        self,
        server: str,
        *,
        codec: Codec = JSON,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        retries: Retries | None = None,
        token: str | None = None,
        is_read_only: bool = False,
    ) -> None:
        self.server = server.rstrip("/")
        self.codec = codec
        self.headers = {"Authorization": f"Bearer {token}"} if token else dict[str, str]()
        """Sent with every request, and to nobody else: a redirect is not followed."""
        self._is_read_only = is_read_only
        self._timeout_s = timeout_s
        self._retries = retries or Retries()
        self._client = _client(self.server)

    async def close(self) -> None:
        """Close all connections; the transport cannot be used any more."""
        await self._client.aclose()

    async def ask(self, call: Call, answer: type[T]) -> T:
        """Send a request and return its decoded answer."""
        async with self.stream(call) as response:
            with translated(self.server):
                body = await response.aread()
        return self._decoded(response, body, answer)

    async def tell(self, call: Call) -> None:
        """Send a request whose answer has no body."""
        async with self.stream(call):
            pass

    async def ask_bytes(self, call: Call) -> bytes:
        """Send a request and return the answer's raw body."""
        async with self.stream(call) as response:
            with translated(self.server):
                return await response.aread()

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator["httpx.Response"]:
        """Send a request; inside, the answer is 2xx and its body still to be read."""
        response = await self._send(call)
        try:
            if not response.is_success:
                raise await self._refusal(response)
            yield response
        finally:
            await response.aclose()

    @asynccontextmanager
    async def open_body(self, call: Call) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send a request; inside, the answer's body can be read piece by piece."""
        async with self.stream(call) as response:
            yield self.chunks(response)

    async def chunks(self, response: "httpx.Response") -> AsyncIterator[bytes]:
        """Yield a body piece by piece, as it comes."""
        with translated(self.server):
            async for chunk in response.aiter_raw():
                yield chunk

    async def lines(self, response: "httpx.Response") -> AsyncIterator[str]:
        """Yield a text body line by line, as it comes."""
        with translated(self.server):
            async for line in response.aiter_lines():
                yield line

    async def _send(self, call: Call) -> "httpx.Response":
        if self._is_read_only and call.method not in HARMLESS:
            raise ReadOnlyError(self.server)
        import asyncio  # it takes long to load, and who asks for help needs none

        tries = self._retries.tries if call.is_repeatable else 1
        with translated(self.server):
            for attempt in range(1, tries):
                try:
                    response = await self._send_once(call)
                except broken() as error:
                    failure = {"call": f"{call.method} {call.path}", "error": str(error)}
                    logger.debug("connection failed", extra=failure)
                else:
                    if response.status_code not in OVERLOADED:
                        return response
                    await response.aclose()
                await asyncio.sleep(self._retries.pause_s(attempt))
            return await self._send_once(call)

    async def _send_once(self, call: Call) -> "httpx.Response":
        content, length = _in_pieces(call.content() if call.content else None)
        headers = {"Accept": self.codec.media_type, **self.headers, **(call.headers or {})}
        try:
            request = self._client.build_request(
                call.method,
                self.server + call.path,
                params=_present(call.query),
                headers=headers | length,
                content=content,
                timeout=httpx.Timeout(
                    self._timeout_s if call.read_s is None else call.read_s,
                    connect=min(CONNECT_S, self._timeout_s),
                ),
            )
            if headers_logger.isEnabledFor(logging.DEBUG):
                headers_logger.debug("sends", extra={"call": _told(request.headers)})
            response = await self._client.send(request, stream=True)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise InvalidRequestError(
                f"{self.server!r} is not a server's address: {error}",
                hint="an address is like http://127.0.0.1:5000",
            ) from error
        logger.debug(
            "answered", extra={"call": f"{call.method} {call.path}", "status": response.status_code}
        )
        return response

    async def _refusal(self, response: "httpx.Response") -> JoborchError:
        with translated(self.server):
            body = await response.aread()
        request_id = response.headers.get("X-Request-Id")
        try:
            problem = self._decode_problem(response, body)
        except msgspec.MsgspecError:
            return unexplained(response, self.server, request_id)
        error = error_of(problem)
        if isinstance(error, NotFoundError):
            error = misplaced(self.server, error) or error
        error.details.setdefault("request_id", problem.request_id or request_id)
        return error

    def _decode_problem(self, response: "httpx.Response", body: bytes) -> Problem:
        kind = response.headers.get("Content-Type", "")
        codec = MSGPACK if "msgpack" in kind else JSON
        problem: Problem = codec.decode(body, type=Problem)
        return problem

    def _decoded(self, response: "httpx.Response", body: bytes, answer: type[T]) -> T:
        try:
            decoded: T = self.codec.decode(body, type=answer)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ServerBrokenError(
                f"{self.server} answered {response.request.url.path} in a way that is not joborch's"
                f" ({error})",
                hint="is this address a joborch server, and not older than this client?",
            ) from error
        return decoded


def _client(server: str) -> "httpx.AsyncClient":
    import ssl

    if any(name.lower().endswith("_proxy") and value for name, value in os.environ.items()):
        return httpx.AsyncClient()
    if server.startswith("https"):
        return httpx.AsyncClient(trust_env=False, verify=ssl.create_default_context())
    # Loading the system's certificates takes 25 ms, and http:// needs none.
    return httpx.AsyncClient(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def segment(name: str) -> str:
    """Escape a name for a URL's path; the slashes of a file's name stay."""
    return quote(name, safe="/")


def _told(headers: "httpx.Headers") -> str:
    """Write headers for a person, without the secrets in them."""
    shown = {name: "***" if name in SECRET else value for name, value in headers.items()}
    return ", ".join(f"{name}: {value}" for name, value in shown.items())


def _in_pieces(content: Content | None) -> tuple[Content | None, dict[str, str]]:
    """Return a body, cut up if it is large, and the header that it needs then."""
    if not isinstance(content, bytes) or len(content) <= PIECE_BYTES:
        return content, {}

    async def pieces() -> AsyncIterator[bytes]:
        for begin in range(0, len(content), PIECE_BYTES):
            yield content[begin : begin + PIECE_BYTES]

    return pieces(), {"Content-Length": str(len(content))}


def _present(query: Mapping[str, object] | None) -> dict[str, str] | None:
    if query is None:
        return None
    return {name: str(value) for name, value in query.items() if value is not None}
