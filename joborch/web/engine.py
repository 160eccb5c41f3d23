"""The HTTP engine: uvicorn, made to keep time on slow clients and to rest when nothing happens.

It relies on a few names inside uvicorn, which a test checks. Must not know what is served.
"""

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from joborch.domain.errors import ConflictError
from joborch.web.holders import holder_of

HEADER_TIMEOUT_S = 10.0
"""For a request's complete header, from its first byte or from the connection's beginning."""
KEEP_ALIVE_S = 75
MAX_HEADER_BYTES = 64 * 1024
GRACE_S = 30
"""For the requests under way when the server stops."""
BACKLOG = 2048


class AddressError(ConflictError):
    """The address to listen on cannot be had."""

    code = "address_in_use"


class Protocol(HttpToolsProtocol):
    """Closes a connection whose next header does not arrive in time, or does not end."""

    header_timeout_s = HEADER_TIMEOUT_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._has_begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first header; as in the parent, only real transports come."""
        super().connection_made(transport)
        self._expect_header()

    def data_received(self, data: bytes) -> None:
        """Parse; while there is no complete header, the time and the size are limited."""
        super().data_received(data)
        if not self._is_between_requests() or self.transport.is_closing():
            return
        self._expect_header()
        self._header_bytes += len(data)
        if self._header_bytes > MAX_HEADER_BYTES:
            self.send_400_response("The request's header is too large.")

    def on_message_begin(self) -> None:
        """Note that a header has begun, perhaps while the request before it is still served."""
        self._has_begun = True
        super().on_message_begin()

    def on_response_complete(self) -> None:
        """Begin to wait for the rest of a header that began during the request before it."""
        super().on_response_complete()
        if self._has_begun:
            self._expect_header()

    def on_headers_complete(self) -> None:
        """Stop waiting: what follows is the handler's to time."""
        self._has_begun = False
        self._forget_header()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._forget_header()
        super().connection_lost(exc)

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect_header(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.header_timeout_s, self.transport.close)

    def _forget_header(self) -> None:
        self._header_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server(uvicorn.Server):
    """Serves until ``stopping`` is set, by a signal or by whoever else holds it.

    The original loop wakes ten times a second to see whether it should end; this one waits.
    """

    def __init__(
        self, config: uvicorn.Config, stopping: asyncio.Event, *, takes_signals: bool = True
    ) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._takes_signals = takes_signals
        self._loop = asyncio.get_running_loop()

    async def main_loop(self) -> None:
        """Wait for the end."""
        await self._stopping.wait()
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take over the signals, unless they are somebody else's business."""
        with super().capture_signals() if self._takes_signals else nullcontext():
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Have open streams end, then the server; a second SIGINT does not wait for requests."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._stopping.set)


def listen(host: str, port: int) -> socket.socket:
    """Open the socket; port 0 takes a free one. From now on connections wait to be served.

    Raises:
        AddressError: the address is in use or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException as error:
        listener.close()
        if not isinstance(error, OSError):
            raise
        raise _refused(host, port, error) from error
    return listener


def _refused(host: str, port: int, error: OSError) -> AddressError:
    holder = holder_of(port) if error.errno == errno.EADDRINUSE else None
    if holder is None:
        hint = "another program may run there; choose another port"
        return AddressError(f"cannot listen on {host}:{port}: {error.strerror}", hint=hint)
    return AddressError(
        f"cannot listen on {host}:{port}: {error.strerror} by {holder}",
        hint="end that one first, or choose another port",
    )


def url_of(listener: socket.socket) -> str:
    """Return the address that a client on this machine would use."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - recognised, not chosen
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    app: Callable[..., Any],
    *,
    listener: socket.socket,
    stopping: asyncio.Event,
    protocol: type[Protocol] = Protocol,
    takes_signals: bool = True,
) -> None:
    """Serve until ``stopping`` is set or a signal sets it; requests under way get 30 s more."""
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    await Server(config, stopping, takes_signals=takes_signals).serve(sockets=[listener])
