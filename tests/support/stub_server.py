"""A server that says what a test tells it to, on a real loopback socket."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from joborch.domain.errors import JoborchError
from joborch.wire.problems import MEDIA_TYPE, problem_of, status_of

JSON, MSGPACK = "application/json", "application/x-msgpack"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A request, as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to say. ``cut_after`` tears the connection after so many bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None


Reply = Answer | Callable[[Heard], Answer]


def says(value: object, *, status: int = 200, **headers: str) -> Answer:
    """A value as JSON."""
    return Answer(
        status=status,
        body=msgspec.json.encode(value),
        headers={"Content-Type": JSON, **_dashed(headers)},
    )


def packs(value: object) -> Answer:
    """A value as MessagePack."""
    return Answer(body=msgspec.msgpack.encode(value), headers={"Content-Type": MSGPACK})


def refuses(error: JoborchError, *, request_id: str | None = None) -> Answer:
    """A problem."""
    return Answer(
        status=status_of(error),
        body=msgspec.json.encode(problem_of(error, request_id=request_id)),
        headers={"Content-Type": MEDIA_TYPE},
    )


def sends(data: bytes, **headers: str) -> Answer:
    """Raw bytes."""
    return Answer(body=data, headers=_dashed(headers))


def streams(*events: tuple[str, object], ids: tuple[int, ...] = ()) -> Answer:
    """Server-sent events, and then the connection ends."""
    text = ": hello\n\n"
    for index, (kind, value) in enumerate(events):
        text += f"id: {ids[index]}\n" if index < len(ids) else ""
        text += f"event: {kind}\ndata: {msgspec.json.encode(value).decode()}\n\n"
    return Answer(body=text.encode(), headers={"Content-Type": "text/event-stream"})


def ranged(data: bytes) -> Callable[[Heard], Answer]:
    """A file that may be asked for from an offset on."""

    def answer(heard: Heard) -> Answer:
        wanted = heard.headers.get("range")
        if wanted is None:
            return sends(data)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        whole = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return Answer(status=206, body=data[start:], headers={"Content-Range": whole})

    return answer


class StubServer:
    """Answers each route with what it was told, in order; the last answer stays."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._replies: dict[tuple[str, str], list[Reply]] = defaultdict(list)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def on(self, route: str, *replies: Reply) -> None:
        """Script ``"GET /path"``."""
        method, _, path = route.partition(" ")
        self._replies[method, path] += replies

    def paths(self) -> list[str]:
        """The requests so far, as ``"GET /path"``."""
        return [f"{heard.method} {heard.path}" for heard in self.heard]

    def reply_to(self, heard: Heard) -> Answer:
        """Take the next answer for a request."""
        self.heard.append(heard)
        replies = self._replies.get((heard.method, heard.path))
        if not replies:
            return Answer(status=500, body=b"the test has no answer for this")
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        return reply if isinstance(reply, Answer) else reply(heard)

    @contextmanager
    def running(self) -> Iterator["StubServer"]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()


def _handler_for(stub: StubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                return  # the client went away, as clients do

        def answer(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("Content-Length", 0))
            heard = Heard(
                method=self.command,
                path=unquote(parts.path),
                query={k: v[-1] for k, v in parse_qs(parts.query).items()},
                headers={k.lower(): v for k, v in self.headers.items()},
                body=self.rfile.read(size),
            )
            self.say(stub.reply_to(heard))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - the library's names

        def say(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut_after])
            if answer.cut_after is not None:
                self.close_connection = True

    return Handler


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
