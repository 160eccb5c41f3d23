"""What ``joborch status ID`` says of a job beside its facts: its last words, how to repeat it."""

import pytest

from joborch.domain.errors import JobNotFoundError
from joborch.domain.states import JobState
from joborch.wire.events import EventPage
from joborch.wire.jobs import Environment, FileList, FileView, JobView
from tests.support.command_line import Run
from tests.support.stub_server import Answer, Heard, StubServer, refuses, says, sends
from tests.support.views import a_job_view

FAILED = JobState.FAILED
LOGS = "GET /api/v1/jobs/42/logs"


def shows(stub: StubServer, job: JobView) -> StubServer:
    """A server that knows the job, with a script and an input."""
    files = [FileView(name=name, size_bytes=3, kind="input") for name in ("in.dat", "run.sh")]
    stub.on("GET /api/v1/jobs/42", says(job))
    stub.on("GET /api/v1/jobs/42/events", says(EventPage(items=[])))
    stub.on("GET /api/v1/jobs/42/files", says(FileList(items=files)))
    return stub


def test_the_last_ten_lines_are_shown_half_of_them_of_stderr(
    stub: StubServer, at_terminal: Run
) -> None:
    written = {"stdout": "".join(f"line {n}\n" for n in range(10)), "stderr": "a\nb\nc\nd\ne\nf\n"}

    def log(heard: Heard) -> Answer:
        return sends(written[heard.query["stream"]].encode())

    shows(stub, a_job_view(42, FAILED)).on(LOGS, log)

    lines = at_terminal("status", "42", NO_COLOR="1").out.splitlines()[-10:]

    assert lines[0] == "  stdout    line 5"
    assert lines[4:6] == ["            line 9", "  stderr    b"]
    assert lines[9] == "            f"


def test_what_a_job_wrote_cannot_move_the_cursor(stub: StubServer, at_terminal: Run) -> None:
    shows(stub, a_job_view(42, FAILED)).on(LOGS, sends(b"red \x1b[31m\x9bm\n"))

    assert "\x1b" not in at_terminal("status", "42", NO_COLOR="1").out


@pytest.mark.parametrize("job", [a_job_view(42, FAILED), a_job_view(42, FAILED, started_at=None)])
def test_a_job_without_a_log_is_shown_all_the_same(
    stub: StubServer, at_terminal: Run, job: JobView
) -> None:
    shows(stub, job).on(LOGS, refuses(JobNotFoundError(42)))

    done = at_terminal("status", "42", NO_COLOR="1")

    assert done.code == 0
    assert "42 dock  ✗F failed" in done.out
    assert "stdout" not in done.out


def test_a_command_repeats_it_with_its_index(stub: StubServer, at_terminal: Run) -> None:
    job = a_job_view(
        42, FAILED, batch="b-3", array_index=7, priority=70, tags={"run": "night"}, started_at=None
    )
    shows(stub, job)

    done = at_terminal("status", "42", NO_COLOR="1")

    repeat = "joborch submit -s example -n dock -p 70 -t run=night -a 7 run.sh in.dat"
    assert f"  repeat    {repeat}\n" in done.out


def test_a_command_line_is_repeated_as_it_was_typed(stub: StubServer, at_terminal: Run) -> None:
    script = b"#!/bin/sh\nexec ./prodigy --threads 4 in.dat\n"
    shows(stub, a_job_view(42, FAILED, started_at=None))
    stub.on("GET /api/v1/jobs/42/environment", says(Environment(env={"X": "1"})))
    stub.on("GET /api/v1/jobs/42/files/input/run.sh", sends(script))

    done = at_terminal("status", "42", NO_COLOR="1", COLUMNS="200")

    repeat = "joborch submit -s example -n dock -e X=1 in.dat -- ./prodigy --threads 4 in.dat"
    assert f"  repeat    {repeat}\n" in done.out
    assert "needs in.dat here" in done.out
