"""What a script sees of Slurm's programs when jobs wait, and when they end a moment too early."""

from datetime import UTC, datetime

import pytest

from joborch.cli.slurm.reasons import MOST_ASKED
from joborch.domain.errors import StoreFailedError
from joborch.domain.states import JobState
from joborch.wire.jobs import JobPage
from tests.cli.test_acting import ACTIONS, JOBS, answers, asked, done, refused
from tests.cli.test_explain import an_explanation
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, refuses, says
from tests.support.views import NOON, a_job_view, a_page

RUNNING, COMPLETED = JobState.RUNNING, JobState.COMPLETED
SQUEUE = ("compat", "slurm", "squeue", "-h", "-o", "%i %t %R")
SCANCEL = ("compat", "slurm", "scancel")


def explained(stub: StubServer, **reasons: str) -> None:
    """A server that says why ``j42`` waits."""
    for name, reason in reasons.items():
        job_id = int(name.removeprefix("j"))
        answer = says(an_explanation(job_id, reason=reason))
        stub.on(f"GET /api/v1/jobs/{job_id}/explain", answer)


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("quota_user", "QOSMaxJobsPerUserLimit"),
        ("quota_service", "QOSGrpJobsLimit"),
        ("batch_limit", "JobArrayTaskLimit"),
        ("no_agent", "ReqNodeNotAvail"),
        ("agent_full", "Resources"),
        ("not_before", "BeginTime"),
        ("dependency", "Dependency"),
        ("service_paused", "PartitionInactive"),
        ("next", "None"),
        ("of_tomorrow", "of_tomorrow"),
    ],
)
def test_a_job_waits_for_what_slurm_would_call_so(
    stub: StubServer, joborch: Run, reason: str, word: str
) -> None:
    stub.on(JOBS, says(a_page(a_job_view(42))))
    explained(stub, j42=reason)

    assert joborch(*SQUEUE).out == f"42 PD ({word})\n"


def test_of_a_line_only_the_first_is_asked_about(stub: StubServer, joborch: Run) -> None:
    mine = [a_job_view(1, held_at=NOON), a_job_view(2), a_job_view(3), a_job_view(4, RUNNING)]
    other = [a_job_view(5, user_id="bob"), a_job_view(6, user_id="bob", priority=90)]
    stub.on(JOBS, says(a_page(*mine, *other)))
    explained(stub, j2="quota_user", j6="agent_full")

    assert sorted(joborch(*SQUEUE).out.splitlines()) == [
        "1 PD (JobHeldUser)",
        "2 PD (QOSMaxJobsPerUserLimit)",
        "3 PD (QOSMaxJobsPerUserLimit)",
        "4 R compute-1",
        "5 PD (Priority)",
        "6 PD (Resources)",
    ]


def test_what_stands_in_the_way_of_one_says_nothing_of_the_next(
    stub: StubServer, joborch: Run
) -> None:
    stub.on(JOBS, says(a_page(a_job_view(1), a_job_view(2), a_job_view(3))))
    explained(stub, j1="dependency", j2="no_agent")

    assert sorted(joborch(*SQUEUE).out.splitlines()) == [
        "1 PD (Dependency)",
        "2 PD (ReqNodeNotAvail)",
        "3 PD (ReqNodeNotAvail)",
    ]


def test_a_long_queue_is_not_asked_about_job_by_job(stub: StubServer, joborch: Run) -> None:
    jobs = [a_job_view(each) for each in range(1, MOST_ASKED + 11)]
    stub.on(JOBS, says(JobPage(items=jobs, total=len(jobs))))
    for job in jobs:
        explained(stub, **{f"j{job.id}": "dependency"})

    words = [line.split()[-1] for line in joborch(*SQUEUE).out.splitlines()]

    assert words == ["(Dependency)"] * MOST_ASKED + ["(Priority)"] * 10


def test_nobody_is_asked_where_no_reason_is_shown(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page(a_job_view(42))))

    assert joborch("compat", "slurm", "squeue", "-h", "-o", "%i %t").out == "42 PD\n"
    assert stub.paths() == [JOBS]


def test_what_has_ended_needs_no_cancelling(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs/1", says(a_job_view(1, batch="b-1")))
    jobs = a_job_view(1, batch="b-1"), a_job_view(2, COMPLETED, batch="b-1")
    stub.on(JOBS, says(a_page(*jobs)))
    stub.on(ACTIONS, answers(done(1)))

    finished = joborch(*SCANCEL, "1")

    assert (finished.code, finished.out, finished.err) == (0, "", "")
    assert asked(stub)["ids"] == [1]


def test_what_ends_while_it_is_cancelled_is_as_wanted(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs/1", says(a_job_view(1, batch="b-1")))
    stub.on(JOBS, says(a_page(a_job_view(1, batch="b-1"), a_job_view(2, batch="b-1"))))
    stub.on(ACTIONS, answers(done(1), refused(2, COMPLETED)))

    finished = joborch(*SCANCEL, "1")

    assert (finished.code, finished.out, finished.err) == (0, "", "")


def test_what_goes_on_is_told_and_is_a_failure(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs/1", says(a_job_view(1, batch="b-1")))
    stub.on(JOBS, says(a_page(a_job_view(1, batch="b-1"), a_job_view(2, batch="b-1"))))
    stub.on(ACTIONS, answers(done(1), refused(2, RUNNING)))

    finished = joborch(*SCANCEL, "1")

    assert (finished.code, finished.out) == (7, "")
    assert finished.err == "scancel: job 2: skipped: running\n"


def test_squeue_lists_again_and_again_in_slurms_columns(stub: StubServer, joborch: Run) -> None:
    gone = StoreFailedError("the disk is gone")
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(42))), says(a_page()), refuses(gone))

    done = joborch("compat", "slurm", "squeue", "-i", "0.01", "-o", "%i %t")

    assert done.code == 1
    at, *first, blank, again, last = done.out.splitlines()[:6]
    assert (first, blank, last) == (["JOBID ST", "42 PD"], "", "JOBID ST")
    assert str(datetime.now(UTC).year) in at and str(datetime.now(UTC).year) in again


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "inf"])
def test_squeue_needs_a_time_between_two_lists(joborch: Run, seconds: str) -> None:
    done = joborch("compat", "slurm", "squeue", "-i", seconds)

    assert (done.code, done.err) == (2, f"error: squeue -i {seconds}: it is a number of seconds\n")


def test_a_flag_of_one_program_is_not_explained_as_that_of_another(joborch: Run) -> None:
    done = joborch("compat", "slurm", "sinfo", "-o", "%n")

    assert done.code == 2
    assert done.err.splitlines()[-1] == "  fix: joborch agents --fields NAME,NAME"
