"""login, logout and whoami, with a proxy that lets in only who shows a token."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.command_line import Run
from tests.support.gate import Gate
from tests.support.stub_server import StubServer, says
from tests.support.views import a_job_view, a_meta, a_page, a_submission

TOKEN = "s3cret-token"


@pytest.fixture
def gate(stub: StubServer) -> Iterator[Gate]:
    """The way to the server that a person has."""
    stub.on("GET /api/v1/meta", says(a_meta("example")))
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(7))))
    with Gate(stub.url, token=TOKEN).open() as standing:
        yield standing


@pytest.fixture
def credentials(home: Path) -> Path:
    return home.parent / "home" / ".config" / "joborch" / "credentials.toml"


def test_without_a_token_one_is_told_how_to_get_in(gate: Gate, joborch: Run) -> None:
    done = joborch("status", JOBORCH_SERVER=gate.url)

    assert done.code == 4
    assert done.err.splitlines() == [
        f"error: {gate.url} answered 401 Unauthorized",
        "  why: no token was sent",
        f"  fix: joborch login --server {gate.url}",
    ]


def test_who_has_logged_in_is_let_in_from_then_on(
    gate: Gate, joborch: Run, credentials: Path
) -> None:
    logged_in = joborch("login", "--token-stdin", stdin=f"{TOKEN}\n", JOBORCH_SERVER=gate.url)
    asked = joborch("status", "-q", "--state", "queued", JOBORCH_SERVER=gate.url)

    assert (logged_in.code, logged_in.out) == (0, "")
    assert f"accepted and stored in {credentials}" in logged_in.err
    assert (asked.code, asked.out) == (0, "7\n")
    assert TOKEN not in logged_in.err + asked.err


def test_a_token_that_is_refused_is_not_stored(gate: Gate, joborch: Run, credentials: Path) -> None:
    done = joborch("login", "--token-stdin", stdin="wrong", JOBORCH_SERVER=gate.url)

    assert done.code == 4
    assert "the token was refused, and is not stored" in done.err
    assert not credentials.exists()


def test_a_refused_token_does_not_hide_the_one_that_was_stored_before(
    gate: Gate, joborch: Run
) -> None:
    joborch("login", "--token-stdin", stdin=TOKEN, JOBORCH_SERVER=gate.url)
    joborch("login", "--token-stdin", stdin="wrong", JOBORCH_SERVER=gate.url)

    assert joborch("status", JOBORCH_SERVER=gate.url).code == 0


def test_without_a_check_the_server_is_not_asked(
    gate: Gate, joborch: Run, credentials: Path
) -> None:
    arguments = ("login", "--token-stdin", "--no-check", "--json")

    done = joborch(*arguments, stdin="later", JOBORCH_SERVER=gate.url)

    assert json.loads(done.out) == {
        "schema": "joborch.login/1",
        "server": gate.url,
        "path": str(credentials),
        "checked": False,
    }
    assert gate.shown == []


def test_a_token_comes_from_a_file(gate: Gate, joborch: Run, home: Path) -> None:
    (home / "token").write_text(f"  {TOKEN}\n")

    assert joborch("login", "--token-file", "token", JOBORCH_SERVER=gate.url).code == 0
    assert gate.shown == [f"Bearer {TOKEN}", None]


def test_a_token_is_typed_without_being_shown(
    gate: Gate, env: dict[str, str], credentials: Path
) -> None:
    terminal, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "joborch", "login"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=env | {"JOBORCH_SERVER": gate.url},
        start_new_session=True,
    )
    os.close(slave)
    seen = os.read(terminal, 1000).decode()  # what was typed before the question would be dropped
    os.write(terminal, f"{TOKEN}\n".encode())
    seen += _rest(terminal)

    assert process.wait(30) == 0
    assert seen.startswith(f"Token for {gate.url}: ")
    assert TOKEN not in seen
    assert TOKEN in credentials.read_text()


def test_nobody_is_asked_where_nobody_is(gate: Gate, joborch: Run) -> None:
    done = joborch("login", JOBORCH_SERVER=gate.url)

    assert done.code == 2
    assert "--token-stdin or --token-file" in done.err


def test_a_token_is_no_argument(joborch: Run) -> None:
    done = joborch("login", "--token", TOKEN)

    assert done.code == 2
    assert TOKEN not in done.err


@pytest.mark.parametrize(
    "arguments", [["--token-stdin", "--token-file", "x"], ["--token-file", "x"]]
)
def test_a_token_from_nowhere_or_from_two_places_is_a_mistake(
    joborch: Run, arguments: list[str]
) -> None:
    assert joborch("login", *arguments).code == 2


def test_a_server_that_needs_no_token_is_told_of(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/meta", says(a_meta()))

    done = joborch("login", "--token-stdin", stdin=TOKEN)

    assert "answers without a token, too" in done.err


def test_a_variable_that_hides_the_stored_token_is_told_of(gate: Gate, joborch: Run) -> None:
    here = {"JOBORCH_SERVER": gate.url, "JOBORCH_TOKEN": "old"}

    stored = joborch("login", "--token-stdin", stdin=TOKEN, **here)
    asked = joborch("status", **here)

    assert "JOBORCH_TOKEN is set, and wins" in stored.err
    assert asked.code == 4
    assert "  why: the token was refused: JOBORCH_TOKEN" in asked.err.splitlines()


def test_a_token_for_a_server_without_encryption_is_warned_of(joborch: Run) -> None:
    done = joborch(
        "login", "--token-stdin", "--no-check", "-S", "http://orch.example.org", stdin=TOKEN
    )

    assert done.code == 0
    assert "goes to http://orch.example.org unencrypted" in done.err


def test_a_stored_token_goes_to_its_own_server_only(
    gate: Gate, stub: StubServer, joborch: Run
) -> None:
    joborch("login", "--token-stdin", stdin=TOKEN, JOBORCH_SERVER=gate.url)
    stub.heard.clear()

    joborch("status")

    assert {heard.headers.get("authorization") for heard in stub.heard} == {None}


def test_headers_are_shown_without_the_secrets_in_them(gate: Gate, process: Run) -> None:
    here = {"JOBORCH_SERVER": gate.url, "JOBORCH_TOKEN": TOKEN}

    once, twice = process("status", "-v", **here), process("status", "-vv", **here)

    assert "GET /api/v1/jobs" in once.err
    assert "authorization" not in once.err
    assert "authorization: ***" in twice.err
    assert TOKEN not in once.err + twice.err


def test_jobs_do_not_get_the_token(stub: StubServer, joborch: Run) -> None:
    stub.on("POST /api/v1/jobs", says(a_submission(42)))

    done = joborch("submit", "-s", "example", "--", "env", JOBORCH_TOKEN=TOKEN)

    assert done.code == 0
    assert stub.heard[-1].headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN.encode() not in stub.heard[-1].body


def test_who_logs_out_is_not_let_in_any_more(gate: Gate, joborch: Run) -> None:
    joborch("login", "--token-stdin", stdin=TOKEN, JOBORCH_SERVER=gate.url)

    gone = joborch("logout", "--json", JOBORCH_SERVER=gate.url)

    assert json.loads(gone.out)["server"] == gate.url
    assert joborch("status", JOBORCH_SERVER=gate.url).code == 4
    assert joborch("logout", JOBORCH_SERVER=gate.url).code == 3


def test_all_tokens_are_forgotten_at_once(gate: Gate, joborch: Run, credentials: Path) -> None:
    joborch("login", "--token-stdin", stdin=TOKEN, JOBORCH_SERVER=gate.url)
    credentials.chmod(0o644)

    done = joborch("logout", "--all", JOBORCH_TOKEN="another")

    assert (done.code, credentials.exists()) == (0, False)
    assert "JOBORCH_TOKEN is still set" in done.err


def test_a_file_of_tokens_that_others_can_read_stops_every_command(
    gate: Gate, joborch: Run, credentials: Path
) -> None:
    joborch("login", "--token-stdin", stdin=TOKEN, JOBORCH_SERVER=gate.url)
    credentials.chmod(0o644)

    done = joborch("status", JOBORCH_SERVER=gate.url)

    assert done.code == 2
    assert f"fix: chmod 600 {credentials}" in done.err
    assert gate.shown == [f"Bearer {TOKEN}", None]


def test_whoami_says_where_everything_comes_from(gate: Gate, joborch: Run) -> None:
    here = {"JOBORCH_SERVER": gate.url, "JOBORCH_TOKEN": TOKEN}

    done = joborch("whoami", "--json", **here)

    assert json.loads(done.out) == {
        "schema": "joborch.whoami/1",
        "user": "1",
        "user_from": "login name",
        "server": gate.url,
        "server_from": "JOBORCH_SERVER",
        "profile": None,
        "read_only": False,
        "token": True,
        "token_from": "JOBORCH_TOKEN",
        "auth": "none",
    }


def test_whoami_tells_what_it_knows_where_it_is_not_let_in(gate: Gate, joborch: Run) -> None:
    done = joborch("whoami", "--format", "plain", JOBORCH_SERVER=gate.url, JOBORCH_USER_ID="ada")

    assert done.code == 4
    assert "user         ada\nuser_from    JOBORCH_USER_ID\n" in done.out
    assert done.out.endswith("auth         unknown\n")


def test_whoami_in_short_is_the_user_and_asks_nobody(stub: StubServer, joborch: Run) -> None:
    assert joborch("whoami", "-q").out == "1\n"
    assert stub.heard == []


def _rest(terminal: int) -> str:
    seen = b""
    with suppress(OSError):  # the other side has closed
        while piece := os.read(terminal, 1000):
            seen += piece
    os.close(terminal)
    return seen.decode()
