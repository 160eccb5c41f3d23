"""How people are told times, and whether they are told what could be done next."""

from datetime import timedelta

import pytest

from joborch.cli.times import Times
from joborch.domain.states import JobState
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, says
from tests.support.views import NOON, a_job_view, a_page

JOBS = "GET /api/v1/jobs"
MINUTES = timedelta(minutes=14)
LOCAL = f"{NOON.astimezone():%Y-%m-%d %H:%M:%S} {NOON.astimezone().tzname()}"


@pytest.fixture
def listing(stub: StubServer) -> StubServer:
    """A server with one job, submitted at noon."""
    stub.on(JOBS, says(a_page(a_job_view(42, JobState.RUNNING))))
    return stub


@pytest.mark.parametrize(
    ("form", "moment", "ago"),
    [
        ("relative", LOCAL, "14m ago"),
        ("local", LOCAL, LOCAL),
        ("utc", "2026-11-23 12:00:00 UTC", "2026-11-23 12:00:00 UTC"),
        ("iso", "2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z"),
    ],
)
def test_a_time_is_told_as_it_is_wanted(form: str, moment: str, ago: str) -> None:
    times = Times(form=form, now=NOON + MINUTES)

    assert (times.moment(NOON), times.ago(NOON)) == (moment, ago)


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        ((), {}, "AGE"),
        (("--time-format", "iso"), {}, "2026-11-23T12:00:00Z"),
        (("--utc",), {}, "2026-11-23 12:00:00 UTC"),
        (("--time-format", "local"), {}, LOCAL),
        ((), {"JOBORCH_TIME_FORMAT": "local"}, LOCAL),
        (("--utc",), {"JOBORCH_TIME_FORMAT": "local"}, "2026-11-23 12:00:00 UTC"),
    ],
)
def test_a_list_for_people_tells_times_so(
    listing: StubServer,
    joborch: Run,
    arguments: tuple[str, ...],
    variables: dict[str, str],
    told: str,
) -> None:
    done = joborch("status", "-A", "--format", "plain", *arguments, **variables)

    assert (done.code, told in done.out) == (0, True), done
    assert ("SUBMITTED" in done.out) == (told != "AGE")


@pytest.mark.parametrize("form", ["relative", "local", "utc"])
def test_programs_always_get_iso(listing: StubServer, joborch: Run, form: str) -> None:
    done = joborch("status", "-A", "--format", "tsv", "--time-format", form)

    assert "2026-11-23T12:00:00Z" in done.out


def test_a_format_that_there_is_not_is_refused(stub: StubServer, joborch: Run) -> None:
    assert "none of relative" in joborch("status", "--time-format", "lunar").err
    assert joborch("status", "--utc", "--time-format", "local").code == 2


@pytest.mark.parametrize("hints", ["true", "false"])
def test_a_profile_decides_about_both(stub: StubServer, at_terminal: Run, hints: str) -> None:
    stub.on(JOBS, says(a_page()))
    at_terminal("config", "set", "hints", hints)
    at_terminal("config", "set", "time_format", "iso")

    told = at_terminal("config", "show-origin", "time_format", "--format", "tsv").out

    assert "iso\t[defaults] in " in told
    assert ("hint: " in at_terminal("status").out) == (hints == "true")


def test_what_is_no_hints_value_is_not_written(joborch: Run) -> None:
    assert "neither true nor false" in joborch("config", "set", "hints", "maybe").err
    assert "is none of relative" in joborch("config", "set", "time_format", "lunar").err


@pytest.mark.parametrize(("hints", "said"), [("true", 1), ("false", 0)])
def test_the_hint_about_slurms_lines_can_be_silenced_too(
    stub: StubServer, joborch: Run, hints: str, said: int
) -> None:
    script = "#!/bin/sh\n#SBATCH -J dock\ntrue\n"

    done = joborch("submit", "-s", "x", "--dry-run", "-", stdin=script, JOBORCH_HINTS=hints)

    assert done.err.count("hint: ") == said
