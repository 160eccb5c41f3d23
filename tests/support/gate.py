"""A small proxy before a server that lets in only who shows a token, as sites put before theirs."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

NOT_PASSED_ON = {"authorization", "connection", "transfer-encoding", "host"}


class Gate:
    """Passes requests with the right token on, and keeps the tokens that it saw."""

    def __init__(self, target: str, *, token: str | None, date: str | None = None) -> None:
        """Let in who shows ``token``, or everybody; with ``date``, tell that it is then."""
        self.token = token
        self.date = date
        self.shown: list[str | None] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self, target))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    @contextmanager
    def open(self) -> Iterator["Gate"]:
        """Stand before the server until the block ends."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()


def _handler_for(gate: Gate, target: str) -> type[BaseHTTPRequestHandler]:
    host = urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

        def answer(self) -> None:
            shown = self.headers.get("Authorization")
            gate.shown.append(shown)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if gate.token and shown != f"Bearer {gate.token}":
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Bearer")
                self.end_headers()
                self.wfile.write(b"<html>who are you?</html>")
                return
            self._pass_on(body)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the library's names

        def _pass_on(self, body: bytes) -> None:
            asked = {k: v for k, v in self.headers.items() if k.lower() not in NOT_PASSED_ON}
            connection = http.client.HTTPConnection(host, timeout=30)
            connection.request(self.command, self.path, body=body, headers=asked)
            answer = connection.getresponse()
            self.send_response_only(answer.status)
            headers = dict(answer.getheaders()) | ({"Date": gate.date} if gate.date else {})
            for name, value in headers.items():
                if name.lower() not in NOT_PASSED_ON:
                    self.send_header(name, value)
            self.end_headers()
            while piece := answer.read1(65536):
                self.wfile.write(piece)
            connection.close()

    return Handler
