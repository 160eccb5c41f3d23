"""`joborch -V` says which server there is, if it says so at once."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from joborch import __version__
from tests.support.command_line import Run
from tests.support.gate import Gate
from tests.support.stub_server import Answer, StubServer, says
from tests.support.views import a_meta

GENEROUS_S = 5.0
"""The 300 ms, and the start of a process on a machine that is busy."""


@pytest.fixture
def endless() -> Iterator[str]:
    """The address of something that begins an answer and never comes to its end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_talk, args=(listening,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def _talk(listening: socket.socket) -> None:
    with suppress(OSError), listening.accept()[0] as connection:
        while True:
            connection.sendall(b"H")
            time.sleep(0.05)


def test_the_servers_version_stands_beside_ones_own(stub: StubServer, process: Run) -> None:
    stub.on("GET /api/v1/meta", says(a_meta()))

    done = process("-V")

    assert done.out.startswith(f"joborch {__version__} (python 3.")
    assert done.out.endswith(f") · server 0.1.0 at {stub.url} (api v1)\n")


def test_the_server_is_the_one_that_is_named(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/meta", says(a_meta()))

    done = joborch("--server", stub.url, "-V", JOBORCH_SERVER="http://127.0.0.1:1")

    assert f"at {stub.url}" in done.out


def test_a_server_that_does_not_get_to_the_point_is_not_waited_for(
    endless: str, process: Run
) -> None:
    began = time.monotonic()

    done = process("--version", JOBORCH_SERVER=endless)

    assert time.monotonic() - began < GENEROUS_S
    assert (done.code, done.err) == (0, "")
    assert "server" not in done.out


@pytest.mark.parametrize(
    "answer",
    [Answer(status=500), Answer(body=b"<html>"), Answer(body=b"[]"), Answer(body=b'{"version":1}')],
)
def test_what_is_no_server_of_ours_is_left_out(
    stub: StubServer, joborch: Run, answer: Answer
) -> None:
    stub.on("GET /api/v1/meta", answer)

    done = joborch("-V")

    assert (done.code, done.err, "server" in done.out) == (0, "", False)


@pytest.mark.parametrize("server", ["http://", "http://[", "http://a:b", "nonsense"])
def test_an_address_that_is_none_does_not_hide_ones_own_version(joborch: Run, server: str) -> None:
    done = joborch("-V", JOBORCH_SERVER=server)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("joborch")


def test_the_token_is_shown_here_too(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/meta", says(a_meta()))

    with Gate(stub.url, token="s3cret").open() as gate:
        done = joborch("-V", JOBORCH_SERVER=gate.url, JOBORCH_TOKEN="s3cret")

    assert f"at {gate.url}" in done.out


def test_words_of_a_server_cannot_drive_the_terminal(stub: StubServer, at_terminal: Run) -> None:
    meta = a_meta()
    meta.version = "1\x1b]0;pwned\x07"
    stub.on("GET /api/v1/meta", says(meta))

    assert "pwned" not in at_terminal("-V").out
