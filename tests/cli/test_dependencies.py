"""``submit --after`` and ``--after-any``, of a real server that gives no job to anybody."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Run
from tests.support.server import RunningServer, running_server

Show = Callable[[str], Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("site") / "data", poll_s="1s") as running:
        yield running


@pytest.fixture
def env(env: dict[str, str], server: RunningServer, home: Path) -> dict[str, str]:
    (home / "run.sh").write_text("#!/bin/sh\ntrue\n")
    return env | {"JOBORCH_SERVER": server.url, "JOBORCH_SERVICE": "example"}


@pytest.fixture
def show(server: RunningServer) -> Show:
    """Ask the server itself about a job."""
    return lambda job_id: server.http.get(f"/api/v1/jobs/{job_id}").json()


def test_a_job_is_submitted_after_another_and_says_so_wherever_one_looks(
    joborch: Run, show: Show
) -> None:
    first = joborch("submit", "run.sh").out.strip()
    done = joborch("submit", "--after", first, "run.sh")
    second = done.out.strip()

    assert (done.code, done.err) == (0, "")
    assert show(second)["after"] == [int(first)]
    explained = joborch("explain", second).out
    assert f"waits for {first} to complete (queued)" in explained
    assert "start: no estimate: nobody knows when the jobs that it waits for will end" in explained
    listed = joborch("status", first, second, "--fields", "id,why").out
    why = joborch("status", second, "--why", "--fields", "id,why").out
    assert f"{second}\tafter {first}\n" in listed
    assert f"after {first}\n" in why
    queue = joborch("compat", "slurm", "squeue", "-h", "-j", second, "-o", "%r").out
    assert queue == "Dependency\n"


@pytest.mark.parametrize("selector", ["last", "b-{batch}", "b-{batch}[1-3]", "{first}-{last}"])
def test_the_others_may_be_named_in_every_way_that_jobs_are(
    joborch: Run, show: Show, selector: str
) -> None:
    array = json.loads(joborch("submit", "-a", "1-3", "--json", "run.sh").out)
    ids = [job["id"] for job in array["jobs"]]
    named = selector.format(batch=array["batch"][2:], first=ids[0], last=ids[-1])

    second = joborch("submit", "--after-any", named, "run.sh").out.strip()

    assert show(second)["after"] == ids


def test_names_may_be_repeated_and_come_through_a_pipe(joborch: Run, show: Show) -> None:
    first, second = (joborch("submit", "run.sh").out.strip() for _ in range(2))

    third = joborch("submit", "--after", first, "--after", second, "run.sh").out.strip()
    fourth = joborch("submit", "--after", "-", "run.sh", stdin=f"{first}\n{second}\n").out.strip()

    assert show(third)["after"] == [int(first), int(second)]
    assert show(fourth)["after"] == [int(first), int(second)]


def test_a_script_may_say_it(joborch: Run, show: Show, home: Path) -> None:
    first = joborch("submit", "run.sh").out.strip()
    (home / "next.sh").write_text(f"#!/bin/sh\n#JOBORCH --after {first}\ntrue\n")

    second = joborch("submit", "next.sh").out.strip()

    assert show(second)["after"] == [int(first)]


def test_every_job_of_many_waits_behind_the_same_gate(joborch: Run, show: Show, home: Path) -> None:
    first = joborch("submit", "run.sh").out.strip()
    (home / "items.csv").write_text("size\n1\n2\n3\n")

    done = joborch("submit", "--csv", "items.csv", "--after", first, "-q", "run.sh")

    assert [show(one)["after"] for one in done.out.split()] == [[int(first)]] * 3


def test_what_could_never_start_is_refused(joborch: Run, show: Show) -> None:
    first = joborch("submit", "run.sh").out.strip()
    second = joborch("submit", "--after", first, "run.sh").out.strip()
    joborch("cancel", first)

    refused = joborch("submit", "--after", first, "run.sh")
    assert refused.code == 6
    assert f"job {first} is cancelled: what waits for its success would never start" in refused.err
    assert show(second)["reason"] == f"dependency {first} cancelled"
    assert joborch("submit", "--after-any", first, "run.sh").code == 0


@pytest.mark.parametrize(("selector", "code"), [("999999", 3), ("b-999", 3), ("what", 2)])
def test_what_is_no_job_is_an_error_before_anything_is_sent(
    joborch: Run, selector: str, code: int
) -> None:
    assert joborch("submit", "--after", selector, "run.sh").code == code


def test_a_cancel_of_all_of_them_does_what_was_asked_for(joborch: Run, show: Show) -> None:
    first = joborch("submit", "run.sh").out.strip()
    second = joborch("submit", "--after", first, "run.sh").out.strip()

    done = joborch("cancel", first, second, "--yes", "--reason", "enough")

    assert done.code == 0
    assert show(second)["reason"].endswith(": enough")


def test_a_rehearsal_names_the_jobs_and_promises_no_start(joborch: Run) -> None:
    first = joborch("submit", "run.sh").out.strip()

    plan = json.loads(joborch("submit", "--after", first, "--dry-run", "--json", "run.sh").out)
    told = joborch("submit", "--after", first, "--dry-run", "run.sh")

    assert plan["submissions"][0]["after"] == [int(first)]
    assert "about:" not in told.err


def test_the_same_key_finds_the_same_job_though_the_other_has_ended(joborch: Run) -> None:
    first = joborch("submit", "run.sh").out.strip()
    again = ("submit", "--key", "once", "--after", first, "run.sh")
    second = joborch(*again).out
    joborch("cancel", first)

    assert joborch(*again).out == second


def test_slurms_flag_is_understood(joborch: Run) -> None:
    first, other = (joborch("submit", "run.sh").out.strip() for _ in range(2))
    sbatch = ("compat", "slurm", "sbatch", "--parsable", "-p", "example")

    second = joborch(*sbatch, "-d", f"afterok:{first},afterany:{other}", "run.sh").out.strip()

    explained = json.loads(joborch("explain", second, "--json").out)["after"]
    assert [(one["id"], one["until"]) for one in explained] == [
        (int(first), "completed"),
        (int(other), "ended"),
    ]


@pytest.mark.parametrize("wanted", ["singleton", "afternotok:1", "afterok:1?afterok:2", "afterok"])
def test_what_slurm_has_beyond_that_is_refused(joborch: Run, wanted: str) -> None:
    done = joborch("compat", "slurm", "sbatch", "-p", "example", "-d", wanted, "run.sh")
    assert done.code == 2
    assert wanted in done.err
