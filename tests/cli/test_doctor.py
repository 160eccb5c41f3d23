"""doctor says what works, what does not, and what to do about it."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from joborch.wire.agents import AgentList, AgentView, CapacityView
from joborch.wire.services import Health, ServiceList, ServiceView
from tests.support.command_line import Finished, Run
from tests.support.gate import Gate
from tests.support.stub_server import Answer, Heard, StubServer, says, streams
from tests.support.views import NOON, a_meta

REMOTE = ("auth", "api", "health", "clock", "services", "agents", "events")
EXAMPLE = ServiceView(
    name="example",
    per_user=5,
    max=None,
    active=0,
    queued=0,
    agents=1,
    slots=4,
    time_limit_s=None,
    configured=True,
)


def an_agent(state: str) -> AgentView:
    return AgentView(
        id="a-1",
        name="compute-1",
        state=state,
        host="compute-1",
        labels={},
        services={"example": 4},
        capacity=CapacityView(slots=4),
        active=0,
        seen_at=NOON,
        enrolled_at=NOON,
        version="0.1.0",
        load=None,
    )


def a_well_server(stub: StubServer) -> StubServer:
    stub.on("GET /api/v1/meta", says(a_meta("example")))
    stub.on("GET /api/v1/health", says(Health(status="ok", database="ok")))
    stub.on("GET /api/v1/services", says(ServiceList(items=[EXAMPLE])))
    stub.on("GET /api/v1/agents", says(AgentList(items=[an_agent("up")])))
    stub.on("GET /api/v1/events", streams())
    return stub


@pytest.fixture
def well(stub: StubServer) -> StubServer:
    """A server that lacks nothing."""
    return a_well_server(stub)


def states(done: Finished) -> dict[str, str]:
    return {item["check"]: item["state"] for item in json.loads(done.out)["items"]}


def item(done: Finished, check: str) -> dict[str, Any]:
    found: dict[str, Any] = {each["check"]: each for each in json.loads(done.out)["items"]}[check]
    return found


def test_where_everything_works_all_is_well(well: StubServer, joborch: Run) -> None:
    done = joborch("doctor", "--json")

    assert done.code == 0
    assert json.loads(done.out)["schema"] == "joborch.doctor/1"
    assert json.loads(done.out)["ok"] is True
    assert {state for check, state in states(done).items() if check in REMOTE} == {"ok"}
    assert states(done)["config"] == states(done)["tcp"] == "ok"
    assert states(done)["dns"] == states(done)["tls"] == states(done)["terminal"] == "skipped"


def test_for_people_each_line_has_a_mark_and_a_word(well: StubServer, joborch: Run) -> None:
    done = joborch("doctor", "--format", "plain")

    assert any(line.startswith("✓ ok       api ") for line in done.out.splitlines())
    assert any(line.startswith("– skipped  tls ") for line in done.out.splitlines())  # noqa: RUF001


def test_without_a_server_it_says_where_it_stops(joborch: Run) -> None:
    done = joborch("doctor", "--json", JOBORCH_SERVER=f"http://127.0.0.1:{free_port()}")

    assert done.code == 1
    assert json.loads(done.out)["ok"] is False
    assert item(done, "tcp")["state"] == "failed"
    assert "joborch serve" in item(done, "tcp")["remedy"]
    assert {states(done)[check] for check in REMOTE} == {"skipped"}


def test_what_failed_is_named_in_short_and_nothing_at_all_if_asked(joborch: Run) -> None:
    here = {"JOBORCH_SERVER": f"http://127.0.0.1:{free_port()}"}

    assert joborch("doctor", "-q", **here) == Finished(code=1, out="tcp\n", err="")
    assert joborch("doctor", "-qq", **here) == Finished(code=1, out="", err="")


def test_a_name_that_nobody_knows_is_the_end(joborch: Run) -> None:
    done = joborch("doctor", "--json", JOBORCH_SERVER="http://nowhere.invalid")

    assert done.code == 1
    assert item(done, "dns")["state"] == "failed"
    assert "show-origin server" in item(done, "dns")["remedy"]
    assert "tcp" not in states(done)


def test_a_broken_file_is_told_and_the_rest_is_not_tried(
    home: Path, well: StubServer, joborch: Run
) -> None:
    (home / "broken.toml").write_text("[defaults")

    done = joborch("doctor", "--json", "--config", "broken.toml")

    assert done.code == 1
    assert item(done, "config")["state"] == "failed"
    assert states(done)["api"] == "skipped"
    assert well.heard == []


def test_an_unknown_key_is_something_to_mend(home: Path, well: StubServer, joborch: Run) -> None:
    (home / "odd.toml").write_text('[defaults]\nservise = "example"\n')

    done = joborch("doctor", "--json", "--config", "odd.toml")

    assert "is 'service' meant?" in item(done, "config")["message"]
    assert done.code == 1
    assert states(done)["api"] == "ok"


@pytest.mark.parametrize(
    ("variables", "why"),
    [({}, "a token is demanded"), ({"JOBORCH_TOKEN": "wrong"}, "the token is refused")],
)
def test_who_is_not_let_in_is_told_to_log_in(
    well: StubServer, joborch: Run, variables: dict[str, str], why: str
) -> None:
    with Gate(well.url, token="s3cret").open() as gate:
        done = joborch("doctor", "--json", JOBORCH_SERVER=gate.url, **variables)

    assert done.code == 1
    assert why in item(done, "auth")["message"]
    assert item(done, "auth")["remedy"] == f"joborch login --server {gate.url}"
    assert states(done)["agents"] == "skipped"


def test_who_is_let_in_is_told_so(well: StubServer, joborch: Run) -> None:
    with Gate(well.url, token="s3cret").open() as gate:
        done = joborch("doctor", "--json", JOBORCH_SERVER=gate.url, JOBORCH_TOKEN="s3cret")

    assert done.code == 0
    assert "the token is accepted" in item(done, "auth")["message"]
    assert item(done, "token")["message"] == "from JOBORCH_TOKEN"


def test_what_is_no_joborch_is_found_out(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/meta", Answer(status=404, body=b"<html>"))

    done = joborch("doctor", "--json")

    assert done.code == 1
    assert states(done)["api"] == "failed"


def test_a_clock_that_is_off_is_noticed(well: StubServer, joborch: Run) -> None:
    with Gate(well.url, token=None, date="Thu, 01 Jan 1970 00:00:00 GMT").open() as gate:
        done = joborch("doctor", "--json", JOBORCH_SERVER=gate.url)

    assert item(done, "clock")["state"] == "failed"
    assert "NTP" in item(done, "clock")["remedy"]


@pytest.mark.parametrize("agents", [[], [an_agent("down")]])
def test_a_site_that_can_run_nothing_is_not_well(
    stub: StubServer, joborch: Run, agents: list[AgentView]
) -> None:
    stub.on("GET /api/v1/agents", says(AgentList(items=agents)))
    stub.on("GET /api/v1/services", says(ServiceList(items=[])))

    done = joborch("doctor", "--json", JOBORCH_SERVER=a_well_server(stub).url)

    assert done.code == 1
    assert (states(done)["services"], states(done)["agents"]) == ("failed", "failed")
    assert "joborch agent" in item(done, "agents")["remedy"]


def test_a_stream_that_is_held_back_is_noticed(stub: StubServer, joborch: Run) -> None:
    is_over = threading.Event()

    def held_back(heard: Heard) -> Answer:
        is_over.wait(20)
        return streams()

    stub.on("GET /api/v1/events", held_back)
    done = joborch("doctor", "--json", "--timeout", "1", JOBORCH_SERVER=a_well_server(stub).url)
    is_over.set()

    assert done.code == 1
    assert "proxy_buffering" in item(done, "events")["remedy"]


def test_a_proxy_on_the_way_is_told_instead_of_a_way_that_is_not_taken(
    well: StubServer, joborch: Run
) -> None:
    proxied = {"http_proxy": well.url, "no_proxy": ""}

    done = joborch("doctor", "--json", JOBORCH_SERVER="http://orch.example.org", **proxied)

    assert item(done, "dns")["message"] == "requests go through the proxy 127.0.0.1"
    assert "tcp" not in states(done)


def test_a_terminal_is_looked_at(well: StubServer, at_terminal: Run) -> None:
    done = at_terminal("doctor", "--color", "never", SHELL="/bin/bash", TERM="xterm-256color")

    assert "colour      xterm-256color, 256" in done.out
    assert "completion  not installed for bash" in done.out
    assert "fix: joborch completion --help" in done.out


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"TERM": "xterm"}, "clipboard   unknown of xterm; pressing y in `joborch top` tells"),
        ({"TERM": "xterm-kitty"}, "clipboard   xterm-kitty copies by OSC 52"),
        ({"TMUX": "/tmp/tmux-1/default,1,0"}, "clipboard   unknown inside of tmux"),
        ({"TERM_PROGRAM": "Apple_Terminal"}, "clipboard   Apple_Terminal does not copy by OSC 52"),
    ],
)
def test_of_copying_only_what_is_known_is_told(
    well: StubServer, at_terminal: Run, variables: dict[str, str], line: str
) -> None:
    assert line in at_terminal("doctor", "--color", "never", **variables).out


def test_of_a_mouse_and_of_braille_only_what_is_known_is_told(
    well: StubServer, at_terminal: Run
) -> None:
    usual = at_terminal("doctor", "--color", "never", PYTHONIOENCODING="utf8").out
    strange = at_terminal("doctor", "--color", "never", TERM="vt9", PYTHONIOENCODING="ascii").out

    assert "mouse       xterm\n" in usual
    assert "braille     ⣿ can be sent; whether the font has it, only you can see" in usual
    assert "mouse       unknown of vt9" in strange
    assert "braille     ascii has none" in strange


def test_completion_is_found_where_shells_look_for_it(
    well: StubServer, home: Path, joborch: Run
) -> None:
    (home.parent / "home" / ".bashrc").write_text("source <(joborch completion bash)\n")

    done = joborch("doctor", "--json", SHELL="/bin/bash")

    assert item(done, "completion")["state"] == "ok"


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes certificates with openssl")
def test_a_certificate_that_nobody_vouches_for_is_told_and_one_that_is_known_is_good(
    secured: tuple[str, Path], process: Run
) -> None:
    url, certificate = secured

    unknown = process("doctor", "--json", JOBORCH_SERVER=url)
    known = process("doctor", "--json", JOBORCH_SERVER=url, SSL_CERT_FILE=str(certificate))

    assert item(unknown, "tls")["state"] == "failed"
    assert "SSL_CERT_FILE" in item(unknown, "tls")["remedy"]
    assert item(known, "tls")["state"] == "ok"
    assert "good for 29 days" in item(known, "tls")["message"]


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Something that speaks TLS and nothing else, and its certificate."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "30", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key)]
    subprocess.run([*command, "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_shake_hands, args=(listening, context), daemon=True)
        thread.start()
        yield f"https://localhost:{listening.getsockname()[1]}", certificate
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def _shake_hands(listening: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return  # the test is over
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            connection.close()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_server_whose_disk_is_full_is_not_well(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/health", says(Health(status="ok", database="ok", disk="full")))
    a_well_server(stub)

    done = joborch("doctor", "--json")

    assert "disk full" in item(done, "health")["message"]
    assert states(done)["health"] == "failed"
