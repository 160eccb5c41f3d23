"""The HTTP server under a stand-in, and the faults that a test can ask it for.

``POST /faults`` with ``{"path": "/submit", "kind": "reset", "times": 1}`` has the next requests
whose path begins so go wrong. Kinds: ``hang``: never answered; ``reset``: the request is obeyed and
the connection torn instead of answered; ``refuse``: 500, without having been obeyed;
``truncate``: the second half of the answer is missing.
"""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ZIP, JSON, TEXT = "application/zip", "application/json", "text/plain; charset=utf-8"
Pieces = Iterable[bytes]


class BrokenOffError(Exception):
    """The connection ends without an answer, as when the original panics."""


@dataclass(frozen=True)
class Answer:
    """What is said to a request."""

    status: int = 200
    body: bytes = b""
    kind: str | None = None
    pieces: Pieces | None = None
    """Instead of ``body``, if that would be too large; ``size`` says how large."""
    size: int = 0


def says(value: object, *, status: int = 200) -> Answer:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, JSON)


def text(message: str, *, status: int) -> Answer:
    return Answer(status, message.encode(), TEXT)


Route = Callable[[str, str, bytes, str], Answer]
"""From method, path, body and content type."""


class Faults:
    """What is to go wrong, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._planned: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def plan(self, fault: dict[str, Any]) -> None:
        with self._lock:
            self._planned.append(fault)

    def next_for(self, path: str) -> str:
        with self._lock:
            for fault in self._planned:
                if path.startswith(fault["path"]) and fault["times"] > 0:
                    fault["times"] -= 1
                    return str(fault["kind"])
        return ""


def serve(port: int, route: Route) -> None:
    """Answer for ever; says where on standard output."""
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, route, Faults()))
    server.daemon_threads = True
    print(f"listens at {server.server_port}", flush=True)  # noqa: T201 - a program
    server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, route: Route, faults: Faults, *connection: Any) -> None:
        self._route = route
        self._faults = faults
        super().__init__(*connection)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/faults":
            self._faults.plan(json.loads(body))
            return self._say(says({}))
        return self._obey(body, self._faults.next_for(self.path))

    do_GET = do_POST = do_HEAD = take  # noqa: N815 - the library's names

    def _obey(self, body: bytes, fault: str) -> None:
        if fault == "hang":
            threading.Event().wait()
        if fault == "refuse":
            return self._say(text("a fault", status=500))
        try:
            kind = self.headers.get("Content-Type", "")
            answer = self._route(self.command, self.path, body, kind)
        except BrokenOffError:
            self.close_connection = True
            return None
        return self._tear() if fault == "reset" else self._say(answer, is_cut=fault == "truncate")

    def _say(self, answer: Answer, *, is_cut: bool = False) -> None:
        self.send_response_only(answer.status)
        if answer.kind:
            self.send_header("Content-Type", answer.kind)
        if answer.status != 204:
            self.send_header("Content-Length", str(answer.size or len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(answer.body[: len(answer.body) // 2] if is_cut else answer.body)
        for piece in answer.pieces or ():
            self.wfile.write(piece)
        if is_cut:
            self._tear()

    def _tear(self) -> None:
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True
