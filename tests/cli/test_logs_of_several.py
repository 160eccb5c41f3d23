"""``joborch logs`` of several jobs: whole lines, each with its job's id."""

import json

import pytest

from joborch.cli.prefixes import prefixed
from joborch.domain.errors import AgentUnreachableError
from joborch.domain.states import JobState
from joborch.wire.events import LogText
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, refuses, says, sends, streams
from tests.support.views import a_job_view, a_page

COMPLETED, FAILED = JobState.COMPLETED, JobState.FAILED


def logs(job_id: int) -> str:
    return f"GET /api/v1/jobs/{job_id}/logs"


def written(text: str, stream: str = "stdout") -> LogText:
    return LogText(stream=stream, offset=0, text=text)


@pytest.fixture
def two(stub: StubServer) -> StubServer:
    """A server with jobs 41 and 42, and what they wrote on both streams."""
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(41, COMPLETED), a_job_view(42, FAILED))))
    stub.on(logs(41), sends(b"one\ntwo\n"))
    stub.on(logs(42), sends(b"no end"))
    return stub


def test_each_line_has_its_jobs_id_before_it(two: StubServer, joborch: Run) -> None:
    done = joborch("logs", "41,42", "--stdout-only")

    assert (done.code, done.out) == (0, "41 one\n41 two\n42 no end\n")


def test_the_ids_can_be_left_out(two: StubServer, joborch: Run) -> None:
    assert joborch("logs", "41-42", "--stdout-only", "--no-prefix").out == "one\ntwo\nno end"


def test_a_single_job_has_its_id_where_that_is_wanted(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs/41", says(a_job_view(41, COMPLETED)))
    stub.on(logs(41), sends(b"one\n"))

    assert joborch("logs", "41", "--stdout-only", "--prefix").out == "41 one\n"


def test_json_says_whose_it_is_in_a_field(two: StubServer, joborch: Run) -> None:
    done = joborch("logs", "41-42", "--stdout-only", "--json")

    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [(line["job_id"], line["text"]) for line in lines] == [
        (41, "one\ntwo\n"),
        (42, "no end"),
    ]


def test_one_that_cannot_be_had_does_not_keep_the_others(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(41, COMPLETED), a_job_view(42, FAILED))))
    stub.on(logs(41), refuses(AgentUnreachableError("no answer")))
    stub.on(logs(42), sends(b"here\n"))

    done = joborch("logs", "41-42", "--stdout-only")

    assert (done.code, done.out) == (7, "42 here\n")
    assert "error: no answer" in done.err


def test_several_are_followed_to_their_ends(stub: StubServer, joborch: Run) -> None:
    jobs = (a_job_view(41, COMPLETED), a_job_view(42, FAILED))
    stub.on("GET /api/v1/jobs", says(a_page(*jobs)))
    for job in jobs:
        pieces = (("log", written("a ")), ("log", written("line\nan")), ("log", written(" end")))
        stub.on(f"{logs(job.id)}/stream", streams(*pieces, ("end", job)))

    done = joborch("logs", "-f", "41-42")

    assert done.code == 10
    assert sorted(done.out.splitlines()) == ["41 a line", "41 an end", "42 a line", "42 an end"]


def test_too_many_are_not_followed(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs", says(a_page(*(a_job_view(i, COMPLETED) for i in range(1, 22)))))

    done = joborch("logs", "-f", "1-21")

    assert done.code == 2
    assert "21 jobs are too many to follow" in done.err


def test_the_streams_of_a_job_do_not_share_a_line() -> None:
    seen: list[tuple[str, str]] = []

    with prefixed(lambda item: seen.append((item.stream, item.text)), "7 ") as show:
        show(written("begun"))
        show(written("all wrong\n", "stderr"))
        show(written(" and done\n"))

    assert seen == [("stderr", "7 all wrong\n"), ("stdout", "7 begun and done\n")]
