"""``--filter``, ``name=``, and what else narrows a selection."""

import json
from collections.abc import Iterator

import pytest

from joborch.domain.states import JobState
from tests.support.command_line import Run
from tests.support.hand_agent import submit
from tests.support.server import RunningServer, running_server
from tests.support.stub_server import StubServer, says
from tests.support.views import a_job_view, a_page

JOBS = "GET /api/v1/jobs"
COMMANDS = [("cancel",), ("hold",), ("release",), ("retry",), ("set", "priority=80")]
READING = [("status",), ("wait",), ("fetch",), ("logs",)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("filters") / "data") as running:
        yield running


def asked(stub: StubServer) -> list[dict[str, str]]:
    return [heard.query for heard in stub.heard]


@pytest.mark.parametrize("command", [*COMMANDS, *READING])
def test_a_filter_alone_is_about_ones_own_jobs(
    stub: StubServer, joborch: Run, command: tuple[str, ...]
) -> None:
    stub.on(JOBS, says(a_page()))

    joborch(*command, "--filter", "state:failed dock")

    query = asked(stub)[0]
    assert (query["q"], query["user"]) == ("state:failed dock", "1")


@pytest.mark.parametrize(
    ("text", "written"),
    [("user:me", "user:1"), ("user:* dock", "user:* dock"), ("b-3", "batch:b-3"), ("7", "id:7")],
)
@pytest.mark.parametrize("command", [("cancel",), ("status",)])
def test_a_filter_that_says_whose_or_which_is_about_those(
    stub: StubServer, joborch: Run, command: tuple[str, ...], text: str, written: str
) -> None:
    stub.on(JOBS, says(a_page()))

    joborch(*command, "-F", text)

    assert asked(stub)[0]["q"] == written
    assert "user" not in asked(stub)[0]


def test_a_filter_that_leaves_out_a_user_says_not_whose(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page()))

    joborch("cancel", "-F", "!user:bob")

    assert asked(stub)[0]["user"] == "1"


@pytest.mark.parametrize("command", [*COMMANDS, *READING])
def test_what_passes_no_filter_is_not_found(
    stub: StubServer, joborch: Run, command: tuple[str, ...]
) -> None:
    stub.on(JOBS, says(a_page(a_job_view(1), a_job_view(2))), says(a_page()))

    done = joborch(*command, "1,2", "-F", "state:failed")

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("error: no job is 1,2 and ")


def test_of_named_jobs_those_that_pass_are_meant(stub: StubServer, joborch: Run) -> None:
    two, one = a_page(a_job_view(1), a_job_view(2)), a_page(a_job_view(2))
    stub.on(JOBS, says(two), says(one))

    assert joborch("hold", "1,2", "-F", "prio<60", "--dry-run", "-q").out == "2\n"
    assert asked(stub)[1] == {"id": "1,2", "q": "prio<60", "limit": "500"}


@pytest.mark.parametrize("command", [*COMMANDS, *READING])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("stat:x", "error: --filter: 'stat:x' at 1: stat: is no condition; state?"),
        ("", "error: --filter is empty"),
        (" ", "error: --filter is empty"),
    ],
)
def test_what_is_no_filter_is_a_mistake(
    stub: StubServer, joborch: Run, command: tuple[str, ...], text: str, reason: str
) -> None:
    done = joborch(*command, "--filter", text)

    assert (done.code, stub.heard) == (2, [])
    assert reason in done.err


@pytest.mark.parametrize("word", ["state:failed", "age>2h", "!user:bob", "name~^dock"])
def test_a_filter_without_its_option_is_recognised(
    stub: StubServer, joborch: Run, word: str
) -> None:
    done = joborch("cancel", word)

    assert (done.code, stub.heard) == (2, [])
    assert "names no jobs" in done.err
    assert "fix: --filter " in done.err
    assert word in done.err.splitlines()[-1]


@pytest.mark.parametrize("command", COMMANDS)
def test_something_has_to_be_meant(
    stub: StubServer, joborch: Run, command: tuple[str, ...]
) -> None:
    done = joborch(*command)

    assert (done.code, stub.heard) == (2, [])
    assert "which jobs?" in done.err


def test_jobs_can_be_named_by_their_name(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page(a_job_view(4, name="my dock"))))

    assert joborch("status", "-q", "name=my dock*").out == "4\n"
    assert (asked(stub)[0]["q"], asked(stub)[0]["user"]) == ('name:"my dock*"', "1")


def test_options_of_status_narrow_named_jobs_too(stub: StubServer, joborch: Run) -> None:
    both = a_page(a_job_view(1), a_job_view(2, JobState.FAILED))
    stub.on(JOBS, says(both), says(a_page(a_job_view(2, JobState.FAILED))))

    assert joborch("status", "-q", "b-31", "--state", "failed", "-u", "me").out == "2\n"
    assert asked(stub)[1] == {"id": "1,2", "state": "failed", "user": "1", "limit": "500"}


def test_all_options_of_status_are_conditions(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page()))

    joborch(
        *("status", "-A", "-u", "bob", "--state", "bad", "-s", "example", "-t", "run=7"),
        *("--agent", "compute-1", "--since", "2026-01-01T00:00Z", "--until", "2026-02-01T00:00Z"),
        *("--sort", "-priority", "-N", "5", "-F", "dock"),
    )

    assert asked(stub) == [
        {
            "user": "bob",
            "state": "bad",
            "service": "example",
            "tag": "run=7",
            "agent": "compute-1",
            "since": "2026-01-01T00:00:00+00:00",
            "until": "2026-02-01T00:00:00+00:00",
            "q": "dock",
            "sort": "-priority",
            "limit": "5",
        }
    ]


def test_a_filter_finds_and_changes_what_it_describes(server: RunningServer, joborch: Run) -> None:
    names = ["dock-1", "dock-2", "energies"]
    ids = [submit(server.http, user_id="1", name=name, hold="yes") for name in names]
    server.http.patch(f"/api/v1/jobs/{ids[1]}", json={"priority": 80}).raise_for_status()

    url = {"JOBORCH_SERVER": server.url}
    found = joborch("status", "-F", "name~^dock state:held", "--sort", "id", "-q", **url)
    cancelled = joborch("cancel", "-F", "dock prio>=80", "--yes", "--json", **url)
    left = joborch("status", f"{ids[0]}-{ids[2]}", "-F", "!state:cancelled", "-q", **url)

    assert found.out.split() == [str(ids[0]), str(ids[1])]
    assert [item["id"] for item in json.loads(cancelled.out)["items"]] == [ids[1]]
    assert left.out.split() == [str(ids[0]), str(ids[2])]
