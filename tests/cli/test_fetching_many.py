"""``joborch fetch`` of several jobs: some at a time, told in their order."""

from collections.abc import Callable
from pathlib import Path
from threading import Barrier

import pytest

from joborch.domain.errors import JobNotFoundError
from joborch.domain.states import JobState
from tests.support.command_line import Run
from tests.support.stub_server import Answer, Heard, StubServer, refuses, says, sends
from tests.support.views import a_job_view, a_page, a_zip, files_of, results_of

ZIP = a_zip(output_txt=b"Computation complete!\n")
IDS = (3, 1, 4, 2)


def results(job_id: int) -> str:
    return f"GET /api/v1/jobs/{job_id}/results"


@pytest.fixture
def four(stub: StubServer) -> StubServer:
    """A server with four jobs that have completed."""
    jobs = [a_job_view(i, JobState.COMPLETED, results=results_of(ZIP)) for i in IDS]
    stub.on("GET /api/v1/jobs", says(a_page(*jobs)))
    for job in jobs:
        stub.on(f"GET /api/v1/jobs/{job.id}", says(job))
    return stub


def together(number: int) -> Callable[[Heard], Answer]:
    """Answers once so many are waiting for an answer; nobody, if they do not come together."""
    here = Barrier(number, timeout=20)

    def answer(_: Heard) -> Answer:
        here.wait()
        return sends(ZIP)

    return answer


def test_four_are_fetched_at_a_time_and_told_in_the_order_of_their_naming(
    four: StubServer, joborch: Run, home: Path
) -> None:
    answer = together(4)
    for job_id in IDS:
        four.on(results(job_id), answer)

    done = joborch("fetch", "3,1,4,2", "-d", "out")

    assert done.out.split() == ["out/3-dock", "out/1-dock", "out/4-dock", "out/2-dock"]
    assert (home / "out" / "2-dock" / "output.txt").read_text() == "Computation complete!\n"


def test_one_at_a_time_where_that_is_wanted(four: StubServer, joborch: Run) -> None:
    for job_id in IDS:
        four.on(results(job_id), sends(ZIP))

    joborch("fetch", "3,1,4,2", "-j", "1")

    asked = [path for path in four.paths() if path.endswith("/results")]
    assert asked == [results(job_id) for job_id in IDS]


def test_one_that_cannot_be_had_does_not_keep_the_others(four: StubServer, joborch: Run) -> None:
    for job_id in IDS:
        four.on(results(job_id), refuses(JobNotFoundError(1)) if job_id == 1 else sends(ZIP))

    done = joborch("fetch", "3,1,4,2", "-d", "out")

    assert done.code == 7
    assert done.out.split() == ["out/3-dock", "out/4-dock", "out/2-dock"]
    assert done.err.startswith("error: there is no job 1\n")


def test_those_after_it_stay_where_they_are_if_that_is_wanted(
    four: StubServer, joborch: Run, home: Path
) -> None:
    for job_id in IDS:
        four.on(results(job_id), refuses(JobNotFoundError(1)) if job_id == 1 else sends(ZIP))

    done = joborch("fetch", "3,1,4,2", "--no-keep-going", "-j", "1", "-d", "out")

    assert (done.code, done.out) == (7, "out/3-dock\n")
    assert results(2) not in four.paths()
    assert [path.name for path in (home / "out").iterdir()] == ["3-dock"]


def test_what_is_in_the_way_is_told_with_what_to_do(
    four: StubServer, joborch: Run, home: Path
) -> None:
    four.on("GET /api/v1/jobs/1/files", says(files_of(ZIP)))
    (home / "out").mkdir()
    (home / "out" / "output.txt").write_text("mine")

    done = joborch("fetch", "1", "-d", "out")

    assert done.code == 2
    assert done.err.splitlines() == [
        "error: out/output.txt exists already, with other content",
        "  fix: --overwrite replaces what is there, --dir puts it elsewhere",
    ]
    assert (home / "out" / "output.txt").read_text() == "mine"
