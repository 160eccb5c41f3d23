import asyncio
import inspect
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from joborch.web import engine
from tests.support.hand_agent import HandAgent
from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_until

HALF_HEADER = b"GET /health HTTP/1.1\r\nHost: x\r\n"
WHOLE_REQUEST = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("http") / "data") as server:
        yield server


class Impatient(engine.Protocol):
    header_timeout_s = 0.3


async def nothing(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def impatient() -> Iterator[tuple[str, int]]:
    """The address of a server in this process that waits 0.3 s for a header."""
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()
    with engine.listen("127.0.0.1", 0) as listener:
        serving = engine.serve(nothing, listener=listener, stopping=stopping, protocol=Impatient)
        thread = threading.Thread(target=loop.run_until_complete, args=(serving,))
        thread.start()
        yield listener.getsockname()
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
    loop.close()


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (b"", b""),
        (HALF_HEADER, b""),
        (HALF_HEADER, b"A: b\r\n"),
        (b"", b"\r\n"),
        (WHOLE_REQUEST, b"\r\n"),
        (WHOLE_REQUEST + HALF_HEADER, b""),
        (WHOLE_REQUEST + HALF_HEADER, b"A: b\r\n"),
    ],
)
def test_a_header_that_does_not_come_ends_the_connection(
    impatient: tuple[str, int], first: bytes, drip: bytes
) -> None:
    with socket.create_connection(impatient) as client:
        client.settimeout(0.05)
        client.sendall(first)
        wait_until(lambda: is_closed(client, drip), timeout=5)


def is_closed(client: socket.socket, drip: bytes) -> bool:
    """Send a little more, and look whether the server has hung up."""
    try:
        client.sendall(drip)
        return not client.recv(10_000)
    except TimeoutError:
        return False
    except OSError:
        return True


def test_the_real_server_waits_no_longer_than_fifteen_seconds() -> None:
    assert engine.Protocol.header_timeout_s <= 15


def test_a_header_without_end_is_refused(server: RunningServer) -> None:
    with socket.create_connection(server.address) as client:
        client.sendall(HALF_HEADER + b"A: " + b"a" * 100_000)

        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_quick_client_keeps_its_connection(server: RunningServer) -> None:
    with socket.create_connection(server.address) as client:
        for _ in range(3):
            client.sendall(WHOLE_REQUEST[:20])
            client.sendall(WHOLE_REQUEST[20:])
            assert received(client, b'"ok"}').startswith(b"HTTP/1.1 200 ")


def received(client: socket.socket, end: bytes) -> bytes:
    """Read until something has come."""
    client.settimeout(10)
    data = b""
    while end not in data:
        data += client.recv(10_000)
    return data


def test_pipelined_requests_are_answered_in_order(server: RunningServer) -> None:
    with socket.create_connection(server.address) as client:
        client.sendall(WHOLE_REQUEST + WHOLE_REQUEST.replace(b"/health", b"/nothing"))
        answers = received(client, b"there is nothing at")

    assert answers.index(b"200 OK") < answers.index(b"404 Not Found")


def test_answers_are_dated_once(server: RunningServer) -> None:
    answer = server.http.get("/health")

    assert answer.headers.get_list("date")[0].endswith(" GMT")
    assert (len(answer.headers.get_list("date")), "server" in answer.headers) == (1, False)


def test_a_server_with_nothing_to_do_rests(server: RunningServer) -> None:
    agent = HandAgent(server.http)
    before = server.cpu_s()
    with pytest.raises(httpx.ReadTimeout):
        agent.call("POST", "/poll", json={"incarnation": 1}, timeout=2)

    assert server.cpu_s() - before < 0.1


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_in_good_order(
    tmp_path: Path, signal_number: signal.Signals
) -> None:
    with running_server(tmp_path / "data") as server:
        answers: list[httpx.Response] = []
        agent = HandAgent(server.http)
        poll = threading.Thread(
            target=lambda: answers.append(agent.call("POST", "/poll", json={"incarnation": 1}))
        )
        poll.start()
        wait_until(lambda: httpx.get(f"{server.url}/api/v1/agents").json()["items"][0]["seen_at"])
        began = time.monotonic()

        server.process.send_signal(signal_number)
        status = server.process.wait(20)
        poll.join()

        assert (status, time.monotonic() - began < 5) == (0, True)
        assert answers[0].status_code in {200, 503}


def test_an_address_in_use_is_an_error() -> None:
    with engine.listen("127.0.0.1", 0) as taken, pytest.raises(engine.AddressError, match="in use"):
        engine.listen("127.0.0.1", taken.getsockname()[1])


def test_the_url_is_one_that_a_client_here_can_use() -> None:
    with engine.listen("127.0.0.1", 0) as listener:
        assert engine.url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_uvicorn_has_what_we_build_on() -> None:
    protocol = {
        "connection_made",
        "connection_lost",
        "data_received",
        "on_headers_complete",
        "on_message_begin",
        "on_response_complete",
        "send_400_response",
    }
    assert protocol <= vars(HttpToolsProtocol).keys()
    assert {"main_loop", "handle_exit", "serve"} <= vars(uvicorn.Server).keys()
    assert "await self.main_loop()" in inspect.getsource(uvicorn.Server)
    assert "self.should_exit = False" in inspect.getsource(uvicorn.Server.__init__)
    assert "self.handle_exit" in inspect.getsource(uvicorn.Server.capture_signals)
    assert "self.cycle" in inspect.getsource(HttpToolsProtocol.__init__)
