"""What a person is told after submitting; a program is told nothing but ids."""

import re
from pathlib import Path

import pytest

from joborch.domain.errors import JobNotFoundError
from tests.cli.test_explain import TEN_MINUTES, an_explanation
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, refuses, says
from tests.support.views import a_meta, a_submission

SUBMIT = ("submit", "-s", "example", "run.sh")
EXPLAIN = "GET /api/v1/jobs/42/explain"


@pytest.fixture
def offering(stub: StubServer, home: Path) -> StubServer:
    """A server with one service, and a script to submit."""
    (home / "run.sh").write_text("#!/bin/sh\necho hello\n")
    stub.on("GET /api/v1/meta", says(a_meta("example")))
    return stub


@pytest.fixture
def taking(offering: StubServer) -> StubServer:
    """It takes job 42."""
    offering.on("POST /api/v1/jobs", says(a_submission(42), status=201))
    return offering


def test_why_it_waits_and_until_when_is_told_at_once(taking: StubServer, at_terminal: Run) -> None:
    taking.on(EXPLAIN, says(an_explanation(estimate=TEN_MINUTES)))

    first, second, *_ = at_terminal(*SUBMIT, NO_COLOR="1").out.splitlines()

    assert first == "Submitted job 42 to example (1 file, 112 B)"
    assert re.fullmatch(
        r"  waiting: your quota is full; about .*\d\d:\d\d UTC, in 10m \(.* to .*\)", second
    )


def test_what_helps_is_told_where_waiting_does_not(taking: StubServer, at_terminal: Run) -> None:
    start = "start an agent: joborch agent --server URL --service example"
    taking.on(
        EXPLAIN,
        says(an_explanation(reason="no_agent", message="no agent is up", remedies=[start, "pray"])),
    )

    done = at_terminal(*SUBMIT, NO_COLOR="1")

    assert "  waiting: no agent is up\n" in done.out
    assert (
        f"hint: start an agent: joborch agent --server {taking.url} --service example" in done.out
    )
    assert "pray" not in done.out


def test_a_job_that_starts_now_is_not_said_to_wait(taking: StubServer, at_terminal: Run) -> None:
    taking.on(EXPLAIN, says(an_explanation(reason="next", message="it is next")))

    assert "waiting" not in at_terminal(*SUBMIT, NO_COLOR="1").out


def test_a_question_that_fails_does_not_make_a_submission_fail(
    taking: StubServer, at_terminal: Run
) -> None:
    taking.on(EXPLAIN, refuses(JobNotFoundError(42)))

    done = at_terminal(*SUBMIT, NO_COLOR="1")

    assert done.code == 0
    assert "hint: joborch logs -f 42  ·  joborch status 42  ·  joborch top" in done.out


def test_of_an_array_the_batch_is_named(offering: StubServer, at_terminal: Run) -> None:
    array = a_submission(42, 43, batch="b-31")
    offering.on("POST /api/v1/jobs", says(array, status=201))
    offering.on(EXPLAIN, says(an_explanation()))

    done = at_terminal("submit", "-s", "example", "-a", "1-2", "run.sh", NO_COLOR="1")

    assert "joborch status b-31" in done.out


def test_a_program_is_told_the_ids_and_the_server_is_asked_nothing(
    taking: StubServer, joborch: Run
) -> None:
    assert joborch(*SUBMIT).out == "42\n"
    assert EXPLAIN not in {f"{heard.method} {heard.path}" for heard in taking.heard}
