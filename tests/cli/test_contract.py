"""What every command promises: forms of output, silence, and exit codes, at a real server."""

import gc
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from joborch.cli.commands import COMMANDS
from joborch.cli.main import main
from tests.support.command_line import Finished, Run
from tests.support.site import Site, a_site

pytestmark = pytest.mark.journey

NOBODY = "http://127.0.0.1:9"
"""Where no server is."""
NOT_THERE = "999999"


@dataclass(frozen=True, slots=True)
class Promise:
    """One way to call a command. ``DONE``, ``FAILED``, ``HELD`` and ``LATER`` stand for such a job.

    ``GONE`` stands for an agent that is down.
    """

    command: str
    arguments: tuple[str, ...] = ()
    code: int = 0
    form: str = "document"
    """What ``--json`` prints: one ``document``, or ``lines`` of them."""
    takes_jobs: bool = False
    """Whether its last argument names jobs."""
    changes: bool = False
    """Whether it changes something, of a command that else only looks."""

    def __str__(self) -> str:
        return self.command


PROMISES = (
    Promise("submit", ("-s", "example", "--hold", "--", "true")),
    Promise("run", ("-s", "example", "--no-fetch", "--", "true"), form="lines"),
    Promise("status", ("-A",)),
    Promise("status", ("DONE",), takes_jobs=True),
    Promise("status", ("-A", "--group-by", "state")),
    Promise("wait", ("DONE",), form="lines", takes_jobs=True),
    Promise("logs", ("DONE",), form="lines", takes_jobs=True),
    Promise("fetch", ("--overwrite", "DONE"), takes_jobs=True),
    Promise("explain", ("DONE",), takes_jobs=True),
    Promise("cancel", ("HELD",), takes_jobs=True),
    Promise("retry", ("FAILED",), takes_jobs=True),
    Promise("hold", ("LATER",), takes_jobs=True),
    Promise("release", ("HELD",), takes_jobs=True),
    Promise("set", ("HELD", "priority=10")),
    Promise("agents"),
    Promise("agents", ("rm", "GONE", "--yes"), changes=True),
    Promise("services"),
    Promise("services", ("pause", "other", "--reason", "new disks"), changes=True),
    Promise("services", ("resume", "other"), changes=True),
    Promise("services", ("example",)),
    Promise("quota", ("-A",)),
    Promise("quota", ("set", "bob", "example", "running=2", "queued=default"), changes=True),
    Promise("stats"),
    Promise("events", form="lines"),
)
ASIDE = {
    "ps": "another name of status",
    "client": "another name of agent",
    "top": "a screen; tests/tui",
    "doctor": "is there for when there is no server; tests/cli/test_doctor.py",
    "demo": "a site of its own; tests/journeys/test_demo.py",
    "whoami": "answers without a server too; tests/cli/test_login.py",
    "login": "tests/cli/test_login.py",
    "logout": "tests/cli/test_login.py",
    "config": "is about files; tests/cli/test_config.py",
    "compat": "tests/cli/test_slurm.py",
    "completion": "tests/cli/test_completion.py",
    "serve": "runs until it is ended",
    "agent": "runs until it is ended",
    "import": "tests/cli/test_import.py",
    "check": "tests/cli/test_check.py",
}
"""Commands that promise something else, and where that is tested."""

EACH = pytest.mark.parametrize("promise", PROMISES, ids=str)
THAT_TAKES_JOBS = pytest.mark.parametrize(
    "promise", [one for one in PROMISES if one.takes_jobs], ids=str
)
LOOKING = ("status", "explain", "agents", "services", "quota", "stats")
CHANGING = pytest.mark.parametrize(
    "promise", [one for one in PROMISES if one.changes or one.command not in LOOKING], ids=str
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("site")) as site:
        site.serve("--service", "example:per_user=9", "--service", "other")
        site.agent()
        yield site


@pytest.fixture(scope="module")
def done(site: Site) -> int:
    """A job that has completed."""
    (job_id,) = site.submit("echo hello; echo data > out.txt")
    assert site.wait(job_id)["state"] == "completed"
    return job_id


@pytest.fixture(scope="module")
def failed(site: Site) -> int:
    (job_id,) = site.submit("exit 3")
    assert site.wait(job_id)["state"] == "failed"
    return job_id


@pytest.fixture
def joborch(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run ``joborch`` as user ann, with pipes for streams."""

    def run(*arguments: str, stdin: str = "", typed: str = "", **variables: str) -> Finished:
        own = {"JOBORCH_SERVER": site.url, "JOBORCH_USER_ID": "ann", "COLUMNS": "100"}
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", site.environment(own | variables))
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            patch.chdir(tmp_path)
            code = main(list(arguments))
        gc.enable()
        said = capsys.readouterr()
        return Finished(code=code, out=said.out, err=said.err)

    return run


@pytest.fixture
def words(promise: Promise, site: Site, done: int, failed: int) -> list[str]:
    """The command line of a promise; a job that is to be held is a new one each time."""
    found: dict[str, Callable[[], object]] = {
        "DONE": lambda: done,
        "FAILED": lambda: failed,
        "HELD": lambda: held(site),
        "LATER": lambda: later(site),
        "GONE": lambda: gone(site),
    }
    arguments = (str(found[one]()) if one in found else one for one in promise.arguments)
    return [promise.command, *arguments]


def held(site: Site) -> int:
    return site.submit("true", hold="true")[0]


def later(site: Site) -> int:
    return site.submit("true", begin="2099-01-01T00:00:00Z")[0]


def gone(site: Site) -> str:
    enrolment = {
        "name": "gone",
        "host": "nowhere",
        "version": "0",
        "services": {"example": 1},
        "capacity": {"slots": 1},
    }
    return str(site.post("/api/v1/agents/enrol", json=enrolment).json()["agent_id"])


def with_option(words: list[str], *options: str) -> list[str]:
    return [words[0], *options, *words[1:]]


def test_every_command_promises_something() -> None:
    assert {one.command for one in PROMISES} | ASIDE.keys() == COMMANDS.keys()


@EACH
def test_json_is_nothing_but_json(promise: Promise, words: list[str], joborch: Run) -> None:
    said = joborch(*with_option(words, "--json"))

    assert said.code == promise.code, said.err
    documents = [json.loads(line) for line in said.out.splitlines()]
    assert documents
    if promise.form == "document":
        assert len(documents) == 1
        assert re.fullmatch(r"joborch\.\w+/1", documents[0]["schema"])


@EACH
def test_quiet_is_ids_and_nothing_else(promise: Promise, words: list[str], joborch: Run) -> None:
    said = joborch(*with_option(words, "--quiet"))

    assert (said.code, said.err) == (promise.code, "")
    assert all(re.fullmatch(r"\S+", line) for line in said.out.splitlines())


@EACH
def test_twice_quiet_is_silence(promise: Promise, words: list[str], joborch: Run) -> None:
    assert joborch(*with_option(words, "-qq")) == Finished(code=promise.code, out="", err="")


@EACH
def test_without_a_server_the_code_is_5_and_the_remedy_is_said(
    promise: Promise, words: list[str], joborch: Run
) -> None:
    said = joborch(*with_option(words, "-S", NOBODY))

    assert (said.code, said.out) == (5, "")
    assert [line.strip().partition(":")[0] for line in said.err.splitlines()][-1] == "fix"


@EACH
def test_an_error_in_json_is_one_line_of_it(
    promise: Promise, words: list[str], joborch: Run
) -> None:
    said = joborch(*with_option(words, "--json", "-S", NOBODY))

    assert (said.code, said.out) == (5, "")
    error = json.loads(said.err)["error"]
    assert error["exit_code"] == 5
    assert error["message"]
    assert error["hint"]


@EACH
def test_a_field_that_there_is_not_is_a_mistake_of_usage(
    promise: Promise, words: list[str], joborch: Run
) -> None:
    said = joborch(*with_option(words, "--json", "--fields", "nope"))

    assert (said.code, said.out) == (2, "")
    assert "there is no field 'nope'" in json.loads(said.err)["error"]["message"]


@CHANGING
def test_what_changes_something_refuses_a_field_before_it_does(
    promise: Promise, words: list[str], joborch: Run
) -> None:
    said = joborch(*with_option(words, "--json", "--fields", "nope", "-S", NOBODY))

    assert said.code == 2, "it is known without asking the server"


@EACH
def test_an_unknown_option_is_a_mistake_of_usage(
    promise: Promise, words: list[str], joborch: Run
) -> None:
    said = joborch(*with_option(words, "--no-such-option"))

    assert (said.code, said.out) == (2, "")
    assert "--help" in said.err


@THAT_TAKES_JOBS
def test_a_job_that_is_not_there_is_not_found(promise: Promise, joborch: Run) -> None:
    said = joborch(promise.command, *promise.arguments[:-1], NOT_THERE)

    assert (said.code, said.out) == (3, "")
    assert NOT_THERE in said.err
