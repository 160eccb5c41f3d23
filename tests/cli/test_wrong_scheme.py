"""``https://`` for a server that speaks plain HTTP, and the reverse: the error says which it is."""

import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.support.command_line import Run
from tests.support.stub_server import Answer, StubServer

ALERT = b"\x15\x03\x01\x00\x02\x02\x46"
"""What a TLS server says to somebody who begins otherwise."""


class Alerting(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(65536)
        self.request.sendall(ALERT)


@pytest.fixture
def tls_port() -> Iterator[int]:
    """The port of what answers as a TLS server does."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Alerting) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_plain_server_is_told_from_one_that_is_not_there(stub: StubServer, joborch: Run) -> None:
    secure = stub.url.replace("http:", "https:")

    done = joborch("agents", "-S", secure)

    assert done.code == 5
    assert done.err.splitlines() == [
        f"error: {secure} speaks plain http, not https",
        "  why: the address begins with https://",
        f"  fix: name it as {stub.url}",
    ]


def test_so_is_one_that_speaks_tls(tls_port: int, joborch: Run) -> None:
    done = joborch("agents", "-S", f"http://127.0.0.1:{tls_port}")

    assert done.code == 5
    assert done.err.splitlines() == [
        f"error: http://127.0.0.1:{tls_port} speaks https, not plain http",
        "  why: the address begins with http://",
        f"  fix: name it as https://127.0.0.1:{tls_port}",
    ]


def test_a_proxy_that_refuses_what_is_not_encrypted_is_guessed_at(
    stub: StubServer, joborch: Run
) -> None:
    stub.on("GET /api/v1/agents", Answer(status=400, body=b"HTTP request to an HTTPS server"))

    assert f"fix: is it {stub.url.replace('http:', 'https:')}?" in joborch("agents").err
