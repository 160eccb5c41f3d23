"""What ``joborch status`` shows unasked: batches as lines, reasons, and no more than was wanted."""

from datetime import UTC, datetime

import pytest

from joborch.domain.errors import InvalidRequestError
from joborch.domain.states import JobState
from joborch.wire.groups import JobGroup, JobGroups
from joborch.wire.jobs import JobPage, JobView
from joborch.wire.services import ServiceList, ServiceView, UsageList, UsageView
from joborch.wire.waiting import Waiting
from tests.support.command_line import Run
from tests.support.stub_server import Answer, Heard, StubServer, refuses, says, streams
from tests.support.views import NOON, a_job_view, a_page, an_event

QUEUED, RUNNING = JobState.QUEUED, JobState.RUNNING
COMPLETED, FAILED = JobState.COMPLETED, JobState.FAILED
BATCH = [
    a_job_view(job_id, QUEUED, batch="b-31", array_index=job_id, name="sweep")
    for job_id in range(350, 100, -1)
]
OLDER = a_job_view(7, RUNNING)


def a_group(state: JobState, count: int) -> JobGroup:
    return JobGroup(key=state, text=state, count=count, first_id=101, last_id=350, latest_at=NOON)


@pytest.fixture
def full(stub: StubServer) -> StubServer:
    """A server with a batch of 250 jobs, and an older job that runs."""

    def jobs(heard: Heard) -> Answer:
        if heard.query["q"] == "!batch:b-31 !ended>1h":
            return says(a_page(OLDER))
        first = int(heard.query["limit"])
        return says(JobPage(items=[*BATCH, OLDER][:first], total=251))

    stub.on("GET /api/v1/jobs", jobs)
    states = [
        a_group(COMPLETED, 120),
        a_group(FAILED, 3),
        a_group(RUNNING, 5),
        a_group(QUEUED, 122),
    ]
    stub.on(
        "GET /api/v1/jobs/groups",
        says(JobGroups(by="state", items=states, total=250, examined=250)),
    )
    return a_site(stub)


def a_site(stub: StubServer) -> StubServer:
    """A server at which user 1 has all of a quota of five."""
    example = ServiceView(
        name="example",
        per_user=5,
        max=10,
        active=5,
        queued=122,
        agents=2,
        slots=8,
        time_limit_s=None,
        configured=True,
    )
    used = UsageView(user_id="1", service="example", active=5, queued=122, limit=5)
    stub.on("GET /api/v1/services", says(ServiceList(items=[example])))
    stub.on("GET /api/v1/usage", says(UsageList(items=[used])))
    stub.on("GET /api/v1/waiting", says(Waiting(items=[], turns=[])))
    return stub


def test_a_batch_is_one_line_that_says_how_far_it_is(full: StubServer, at_terminal: Run) -> None:
    done = at_terminal("status", NO_COLOR="1")

    _, batch, older = done.out.splitlines()[:3]
    assert batch.split()[:4] == ["b-31", "░░", "sweep", "example"]
    assert batch.endswith("███░░░░ 123/250 · 5▶ 3✗ 122·")
    assert older.split()[:2] == ["7", "▶R"]
    assert "251 jobs · 1 batch, job by job with --expand" in done.out


def test_a_batch_is_one_line_while_it_is_watched_too(full: StubServer, at_terminal: Run) -> None:
    full.on("GET /api/v1/events", streams(("job", an_event(101, RUNNING))))
    full.on("GET /api/v1/jobs/groups", refuses(InvalidRequestError("that was enough")))

    done = at_terminal("status", "--watch", NO_COLOR="1")

    _, batch, older, end = done.out.splitlines()
    assert batch.endswith("███░░░░ 123/250 · 5▶ 3✗ 122·")
    assert older.split()[:2] == ["7", "▶R"]
    assert end == "error: that was enough"


def test_expand_lists_each_job_of_a_batch(full: StubServer, at_terminal: Run) -> None:
    done = at_terminal("status", "--expand", NO_COLOR="1")

    assert [line.split()[0] for line in done.out.splitlines()[1:51]] == [
        str(job_id) for job_id in range(350, 300, -1)
    ]
    assert "251 jobs; of the 50 shown: 50 queued" in done.out


def test_a_pipe_gets_every_job(full: StubServer, joborch: Run) -> None:
    assert len(joborch("status", "-q", "-N", "300").out.splitlines()) == 251


def test_what_keeps_a_job_is_said_without_asking_for_each(
    full: StubServer, at_terminal: Run
) -> None:
    done = at_terminal("status", "--expand", "-N", "3", NO_COLOR="1")

    assert [line.endswith("quota 5/5") for line in done.out.splitlines()[1:4]] == [True] * 3


@pytest.mark.parametrize(
    ("aside", "said"),
    [({"held_at": NOON}, "held"), ({"after": [3], "after_count": 1}, "")],
)
def test_a_job_that_stands_in_no_line_is_not_said_to_be_kept_by_a_quota(
    stub: StubServer, at_terminal: Run, aside: dict[str, object], said: str
) -> None:
    jobs: list[JobView] = [a_job_view(9, QUEUED, **aside), a_job_view(8, QUEUED, **aside)]
    a_site(stub).on("GET /api/v1/jobs", says(a_page(*jobs)))

    done = at_terminal("status", "-A", "--state", "queued", NO_COLOR="1")

    assert "quota" not in done.out
    assert said in done.out


def test_no_more_lines_are_shown_than_wanted_of_named_jobs_either(
    stub: StubServer, joborch: Run
) -> None:
    stub.on("GET /api/v1/jobs", says(a_page(*BATCH[:5])))

    assert joborch("status", "b-31", "-q", "-N", "2").out.split() == ["350", "349"]
    assert len(joborch("status", "b-31", "-q").out.split()) == 5


def test_the_exit_code_is_about_all_jobs_not_only_those_shown(
    stub: StubServer, joborch: Run
) -> None:
    now = datetime.now(UTC)
    well = [a_job_view(job_id, COMPLETED, finished_at=now) for job_id in (9, 8)]
    badly = a_job_view(7, FAILED, finished_at=now)
    stub.on("GET /api/v1/jobs", says(a_page(*well, badly)))

    done = joborch("status", "--exit-code", "-q", "-N", "2")

    assert done.out.split() == ["9", "8"]
    assert done.code == 10
