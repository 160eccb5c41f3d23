"""What holds for every command: how it starts, fails and ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from joborch import __version__
from joborch.cli.commands import COMMANDS
from joborch.cli.main import load
from joborch.domain.errors import (
    ConflictError,
    JobNotFoundError,
    NotAllowedError,
    NotFoundError,
    StoreFailedError,
)
from joborch.domain.states import JobState
from tests.support.command_line import Finished, Run
from tests.support.stub_server import Answer, Heard, StubServer, refuses, says
from tests.support.views import a_job_view, a_page, a_submission

RUNNING = JobState.RUNNING
HEAVY = {"litestar", "sqlalchemy", "sqlmodel", "uvicorn", "textual", "pydantic", "rich"}


def test_the_version_is_told(process: Run) -> None:
    done = process("--version")

    assert done.code == 0
    assert done.out.startswith(f"joborch {__version__} (python 3.")


def test_what_an_encoding_has_no_character_for_is_written_in_others(
    stub: StubServer, process: Run
) -> None:
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(42, name="dock ✓"))))

    done = process("status", "1-99", "--fields", "name", PYTHONIOENCODING="ascii")

    assert (done.code, done.err) == (0, "")
    assert "\\u2713" in done.out


def test_without_a_command_there_is_help(joborch: Run) -> None:
    done = joborch()

    assert done.code == 2
    assert "submit" in done.err + done.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded_and_has_examples(name: str, joborch: Run) -> None:
    assert load(name, COMMANDS[name]).name == name

    done = joborch(name, "--help")

    assert done.code == 0
    assert "Examples:\n    joborch " in done.out


def test_a_misspelt_command_is_answered_with_the_nearest(joborch: Run) -> None:
    done = joborch("sumbit")

    assert done.code == 2
    assert done.err.splitlines() == [
        "error: there is no command 'sumbit'",
        "  fix: did you mean `joborch submit`?",
    ]


def test_the_common_options_may_stand_before_the_command(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(7))))

    assert joborch("-q", "status", "--state", "queued").out == "7\n"
    assert joborch("--format", "csv", "status", "--format", "ids", "--state", "queued").out == "7\n"


@pytest.mark.parametrize("command", ["status", "wait", "cancel", "fetch", "explain"])
def test_two_dashes_end_the_options_and_drop_nothing(
    stub: StubServer, joborch: Run, command: str
) -> None:
    stub.on("GET /api/v1/jobs/7", refuses(JobNotFoundError(7)))

    assert joborch(command, "--", "7").code == 3
    assert stub.paths() == ["GET /api/v1/jobs/7"]


def test_what_follows_two_dashes_narrows_what_is_cancelled(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs/835", says(a_job_view(835)))
    stub.on("GET /api/v1/jobs", says(a_page()))

    done = joborch("cancel", "-F", "state:held", "--yes", "--", "835")

    assert (done.code, done.out) == (3, "")
    assert stub.heard[-1].query["id"] == "835"
    assert not any(heard.method == "POST" for heard in stub.heard)


def test_a_word_that_looks_like_an_option_is_an_argument_after_two_dashes(joborch: Run) -> None:
    done = joborch("status", "--", "--all-users")

    assert done.code == 2
    assert "'--all-users' names no jobs" in done.err


@pytest.mark.parametrize("closing", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_no_bug(
    stub: StubServer, env: dict[str, str], home: Path, closing: str
) -> None:
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(7))))
    command = f"'{sys.executable}' -m joborch status 1-9 {closing}"

    done = subprocess.run(
        ["sh", "-c", command], env=env, cwd=home, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", [("status", "7"), ("submit", "-s", "x", "--", "true")])
def test_a_home_that_is_no_directory_is_a_home_without_files(
    stub: StubServer, joborch: Run, command: tuple[str, ...]
) -> None:
    stub.on("GET /api/v1/jobs/7", says(a_job_view(7)))
    stub.on("POST /api/v1/jobs", says(a_submission(7), status=201))

    done = joborch(*command, HOME="/dev/null")

    assert (done.code, done.err) == (0, "")
    assert joborch("status", "last", HOME="/dev/null").code == 2


def test_an_address_below_that_of_the_server_is_told_with_the_right_one(
    stub: StubServer, joborch: Run
) -> None:
    nothing = NotFoundError("there is nothing at /foo/api/v1/jobs/7")
    stub.on("GET /foo/api/v1/jobs/7", refuses(nothing))

    done = joborch("-S", f"{stub.url}/foo", "status", "7")

    assert done.code == 1
    assert done.err.splitlines()[-1] == f"  fix: is it {stub.url}?"


def test_a_job_that_is_not_there_stays_so_at_an_address_with_a_path(
    stub: StubServer, joborch: Run
) -> None:
    stub.on("GET /foo/api/v1/jobs/7", refuses(JobNotFoundError(7)))

    assert joborch("-S", f"{stub.url}/foo", "status", "7").code == 3


def test_no_server_is_answered_with_how_to_get_one(process: Run) -> None:
    done = process("status", JOBORCH_SERVER=f"http://127.0.0.1:{_free_port()}")

    assert done.code == 5
    assert done.err.splitlines()[0].endswith("(connection refused)")
    assert "joborch serve" in done.err


def test_errors_in_json_are_one_line_and_stdout_stays_empty(joborch: Run) -> None:
    done = joborch("status", "--json", JOBORCH_SERVER=f"http://127.0.0.1:{_free_port()}")

    error = json.loads(done.err)["error"]
    assert (error["code"], error["exit_code"]) == ("unreachable", 5)
    assert done.out == ""


@pytest.mark.parametrize("arguments", [["--json", "nonsense"], ["status", "--json", "--nonsense"]])
def test_usage_errors_are_json_too(joborch: Run, arguments: list[str]) -> None:
    done = joborch(*arguments)

    assert done.code == 2
    assert json.loads(done.err)["error"]["code"] == "usage"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refuses(NotAllowedError("no")), 4),
        (refuses(StoreFailedError("disk")), 1),
        (Answer(status=500), 1),
        (Answer(status=200, body=b"<html>"), 1),
    ],
)
def test_every_refusal_has_its_code(
    stub: StubServer, joborch: Run, answer: Answer, code: int
) -> None:
    stub.on("GET /api/v1/jobs/7", answer)

    assert joborch("status", "7").code == code


def test_a_server_error_is_told_with_its_reference(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs/7", Answer(status=500, headers={"X-Request-Id": "req-9"}))

    assert joborch("status", "7").err.splitlines()[-1] == "  ref: req-9"


def test_what_a_server_says_cannot_drive_the_terminal(stub: StubServer, at_terminal: Run) -> None:
    stub.on("GET /api/v1/jobs/7", refuses(ConflictError("no\x1b]0;pwned\x07 entry\u202e")))

    assert at_terminal("status", "7").out == "error: no entry\n"


@pytest.mark.parametrize(
    "arguments",
    [["--config", "none.toml"], ["--profile", "none"], ["--timeout", "soon"], ["--format", "xml"]],
)
def test_wrong_settings_are_usage_errors(joborch: Run, arguments: list[str]) -> None:
    assert joborch("status", *arguments).code == 2


def test_a_reader_that_goes_away_is_no_error_message(
    stub: StubServer, env: dict[str, str], home: Path
) -> None:
    stub.on("GET /api/v1/jobs", says(a_page(*(a_job_view(i) for i in range(5000)))))
    more_than_a_pipe_holds = ("-N", "1000", "--format", "ndjson")
    words = ("status", "-A", "--state", "queued", *more_than_a_pipe_holds)
    process = subprocess.Popen(
        [sys.executable, "-m", "joborch", *words],
        env=env,
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()

    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(30) == 141


def test_an_interrupted_wait_leaves_the_job_alone(
    stub: StubServer, env: dict[str, str], home: Path
) -> None:
    with _signal_from(stub, "GET /api/v1/jobs/42", says(a_job_view(42, RUNNING))) as reached:
        done = _interrupted(["wait", "42"], reached, env, home)

    assert done.code == 130
    assert "the jobs go on" in done.err
    assert "Traceback" not in done.err


def test_an_interrupted_submission_says_how_to_end_its_job(
    stub: StubServer, env: dict[str, str], home: Path
) -> None:
    stub.on("POST /api/v1/jobs", says(a_submission(42)))
    with _signal_from(stub, "GET /api/v1/jobs/42", says(a_job_view(42, RUNNING))) as reached:
        done = _interrupted(["submit", "-s", "x", "-w", "--", "true"], reached, env, home)

    assert done.code == 130
    assert "Detached. Job 42 keeps running · to stop: joborch cancel 42" in done.err


@pytest.mark.parametrize(
    ("state", "how"), [(JobState.QUEUED, "goes on waiting"), (RUNNING, "keeps running")]
)
def test_an_interrupted_log_says_how_the_job_goes_on_and_how_to_end_it(
    stub: StubServer, env: dict[str, str], home: Path, state: JobState, how: str
) -> None:
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42, state)))
    log = "GET /api/v1/jobs/42/logs/stream"
    with _signal_from(stub, log, says(a_job_view(42, state))) as reached:
        done = _interrupted(["logs", "-f", "42"], reached, env, home)

    assert done.code == 130
    assert f"Detached. Job 42 {how} · to stop: joborch cancel 42" in done.err


def test_an_interrupted_submission_ends_its_job_if_asked_to(
    stub: StubServer, env: dict[str, str], home: Path
) -> None:
    stub.on("POST /api/v1/jobs", says(a_submission(42)))
    stub.on("POST /api/v1/jobs/42/cancel", says(a_job_view(42, RUNNING)))
    command = ["submit", "-s", "x", "-w", "--cancel-on-interrupt", "--", "true"]
    with _signal_from(stub, "GET /api/v1/jobs/42", says(a_job_view(42, RUNNING))) as reached:
        done = _interrupted(command, reached, env, home)

    assert done.code == 130
    assert stub.paths()[-1] == "POST /api/v1/jobs/42/cancel"


def test_twice_quiet_is_silent_and_only_exits(joborch: Run) -> None:
    done = joborch("status", "-qq", JOBORCH_SERVER=f"http://127.0.0.1:{_free_port()}")

    assert done == Finished(code=5, out="", err="")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_loads_no_httpx_either(
    process: Run, env: dict[str, str], home: Path, arguments: list[str]
) -> None:
    assert _loaded(env, home, arguments) & (HEAVY | {"httpx", "asyncio"}) == set()


def test_a_whole_status_loads_no_more_than_it_needs(
    stub: StubServer, env: dict[str, str], home: Path
) -> None:
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(7))))

    loaded = _loaded(env, home, ["status", "-A"])

    assert "httpx" in loaded
    assert loaded & (HEAVY | {"click", "zipfile", "tomllib", "uvloop"}) == set()


def test_a_bug_says_so_and_how_to_report_it(
    stub: StubServer, joborch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.on("GET /api/v1/jobs", says(a_page()))
    monkeypatch.setattr("joborch.cli.listing.columns", lambda *arguments: 1 / 0)

    done = joborch("status", "--state", "failed")

    assert done.code == 1
    assert (
        done.err.splitlines()[0] == "error: joborch has a bug: ZeroDivisionError: division by zero"
    )
    assert "JOBORCH_DEBUG=1" in done.err


def _loaded(env: dict[str, str], home: Path, arguments: list[str]) -> set[str]:
    probe = (
        "import sys\n"
        "from joborch.cli.main import main\n"
        f"main({arguments!r})\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], env=env, cwd=home, capture_output=True, text=True, check=True
    )
    return set(done.stderr.splitlines()[-1].split())


@contextmanager
def _signal_from(stub: StubServer, route: str, answer: Answer) -> Iterator[int]:
    """Yield a pipe that can be read once the route has been asked for."""
    reached, told = os.pipe()

    def reply(heard: Heard) -> Answer:
        os.write(told, b"!")
        return answer

    stub.on(route, reply)
    try:
        yield reached
    finally:
        os.close(reached)
        os.close(told)


def _interrupted(arguments: list[str], reached: int, env: dict[str, str], home: Path) -> Finished:
    process = subprocess.Popen(
        [sys.executable, "-m", "joborch", *arguments],
        env=env,
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.read(reached, 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return Finished(code=process.returncode, out=out, err=err)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_what_the_original_calls_a_client_is_an_agent_and_is_not_listed(joborch: Run) -> None:
    assert "joborch agent --server" in joborch("client", "--help").out
    assert "  client " not in joborch("--help").out
