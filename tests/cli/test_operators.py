"""What operators do from the command line: pauses, quotas of users, agents that are forgotten."""

import json
from datetime import UTC, datetime

import pytest

from joborch.cli.effects import Effect
from joborch.domain.errors import AgentInUseError, AgentNotFoundError, ServiceNotFoundError
from joborch.wire.agents import AgentView, CapacityView
from joborch.wire.services import (
    OverrideView,
    PauseView,
    ServiceList,
    ServiceView,
    UsageList,
    UsageView,
)
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, refuses, says

AT = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = ServiceView(
    name="example",
    per_user=5,
    max=None,
    active=2,
    queued=3,
    agents=1,
    slots=4,
    time_limit_s=None,
    configured=True,
)
PAUSED = ServiceView(
    name="example",
    per_user=5,
    max=None,
    active=2,
    queued=3,
    agents=1,
    slots=4,
    time_limit_s=None,
    configured=True,
    paused=PauseView(at=AT, by="eve", reason="new \x1b[2Jdisks"),
)
OWN = UsageView(
    user_id="alice",
    service="example",
    active=2,
    queued=7,
    limit=10,
    queued_limit=1000,
    override=OverrideView(running=10, queued=1000, at=AT, by="eve"),
)
GONE = AgentView(
    id="a-1",
    name="compute-1",
    host="host",
    version="1",
    state="down",
    services={"example": 4},
    capacity=CapacityView(slots=4),
    active=0,
    labels={},
    load=None,
    enrolled_at=AT,
    seen_at=AT,
)


@pytest.fixture
def site(stub: StubServer) -> StubServer:
    stub.on("GET /api/v1/services", says(ServiceList(items=[PAUSED])))
    stub.on("GET /api/v1/usage", says(UsageList(items=[OWN])))
    stub.on("POST /api/v1/services/example/pause", says(PAUSED))
    stub.on("POST /api/v1/services/example/resume", says(OPEN))
    stub.on("POST /api/v1/quotas", says(OWN))
    stub.on("GET /api/v1/agents/compute-1", says(GONE))
    stub.on("DELETE /api/v1/agents/compute-1", says(GONE))
    return stub


def test_a_service_is_paused_and_shown_with_who_and_why(site: StubServer, joborch: Run) -> None:
    done = joborch(
        *("services", "pause", "example", "--reason", "new disks", "--format", "plain"),
        JOBORCH_USER_ID="eve",
    )

    assert done.code == 0, done.err
    (asked,) = [heard for heard in site.heard if heard.method == "POST"]
    assert json.loads(asked.body) == {"reason": "new disks", "by": "eve"}
    lines = done.out.splitlines()
    assert lines[0] == "service     example"
    assert lines[1].startswith("paused      ")
    assert lines[1].endswith(" ago by eve: new disks")
    assert lines[-1].endswith("(set by an operator)")


def test_a_service_is_resumed(site: StubServer, joborch: Run) -> None:
    done = joborch("services", "resume", "example", "--json")

    assert json.loads(done.out)["items"][0]["paused"] is None


def test_a_pause_is_a_column_where_there_is_one(site: StubServer, joborch: Run) -> None:
    head, row = joborch("services", "--format", "plain").out.splitlines()

    assert head.endswith("PAUSED")
    assert row.endswith(" ago")


@pytest.mark.parametrize(
    ("words", "says_what"),
    [
        (("services", "pause"), "which service is to be paused?"),
        (("services", "pause", "a", "b"), "one service at a time"),
        (("services", "example", "--reason", "x"), "--reason is for a pause"),
        (("agents", "rm"), "which agent is to go?"),
        (("agents", "rm", "a", "b"), "one agent at a time"),
        (("quota", "set"), "a quota is set for one user of one service"),
        (("quota", "set", "alice", "running=1"), "a quota is set for one user of one service"),
        (("quota", "set", "alice", "example"), "what is it to be?"),
        (("quota", "set", "alice", "example", "max=3"), "there is no 'max' in a quota"),
        (("quota", "set", "alice", "example", "running=-1"), "running='-1' is neither"),
        (("quota", "set", "a", "b", "queued=1", "queued=2"), "queued is there twice"),
        (("quota", "-A", "set", "alice", "example", "running=1"), "a quota is set for one user"),
    ],
)
def test_what_makes_no_sense_is_a_mistake_of_usage(
    site: StubServer, joborch: Run, words: tuple[str, ...], says_what: str
) -> None:
    done = joborch(*words)

    assert done.code == 2
    assert says_what in done.err
    assert site.heard == []


def test_a_service_that_there_is_not_is_not_found(site: StubServer, joborch: Run) -> None:
    site.on("POST /api/v1/services/nope/pause", refuses(ServiceNotFoundError("nope")))

    assert joborch("services", "pause", "nope").code == 3


def test_a_quota_is_set_for_a_user(site: StubServer, joborch: Run) -> None:
    done = joborch("quota", "set", "alice", "example", "running=10", "queued=default")

    assert json.loads(site.heard[-1].body) == {
        "user_id": "alice",
        "service": "example",
        "running": 10,
        "queued": None,
        "by": "1",
    }
    assert done.out.splitlines() == [
        "user_id\tservice\tactive\tlimit\tqueued\tqueued_limit\tset_by",
        "alice\texample\t2\t10\t7\t1000\teve",
    ]


def test_who_set_a_quota_is_shown_to_people(site: StubServer, joborch: Run) -> None:
    done = joborch("quota", "set", "me", "example", "running=10", "--format", "plain")

    assert json.loads(site.heard[-1].body)["user_id"] == "1"
    assert done.out.splitlines()[1].split()[-4:] == ["7", "of", "1000", "eve"]


def test_an_agent_is_forgotten_once_its_name_is_typed(site: StubServer, at_terminal: Run) -> None:
    no = at_terminal("agents", "rm", "compute-1", typed="y\n")
    assert (no.code, "Nothing was done." in no.out) == (1, True)
    assert {heard.method for heard in site.heard} == {"GET"}

    yes = at_terminal("agents", "rm", "compute-1", typed="compute-1\n")
    assert yes.code == 0
    assert "Removed the agent compute-1 (a-1); jobs that it ran keep its name." in yes.out


def test_nobody_forgets_an_agent_by_accident(site: StubServer, joborch: Run) -> None:
    done = joborch("agents", "rm", "compute-1")

    assert (done.code, done.err.splitlines()[-1]) == (2, "  fix: add --yes")
    assert joborch("agents", "rm", "compute-1", "--yes", "-q").out == "compute-1\n"


def test_an_agent_that_is_in_use_stays(stub: StubServer, joborch: Run) -> None:
    refused = AgentInUseError("agent compute-1 holds 1 job", hint="drain it")
    stub.on("GET /api/v1/agents/compute-1", says(GONE))
    stub.on("DELETE /api/v1/agents/compute-1", refuses(refused))

    done = joborch("agents", "rm", "compute-1", "--yes")

    assert done.code == 6
    assert done.err.splitlines() == ["error: agent compute-1 holds 1 job", "  fix: drain it"]


def test_all_agents_that_are_named_are_drained_or_none(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/agents/compute-1", says(GONE))
    stub.on("GET /api/v1/agents/nosuch", refuses(AgentNotFoundError("nosuch")))

    done = joborch("agents", "drain", "compute-1", "nosuch")

    assert (done.code, done.err.splitlines()[0]) == (3, "error: there is no agent nosuch")
    assert {heard.method for heard in stub.heard} == {"GET"}


def test_what_would_be_submitted_to_a_paused_service_would_wait() -> None:
    effect = Effect(service=PAUSED, usage=OWN, jobs=1, free=1, ahead=0)

    assert effect.starting == 0
    assert effect.lines(AT, in_utc=True)[1] == "  start: none before example is resumed"


def test_scripts_may_say_yes_where_nothing_is_asked(stub: StubServer, joborch: Run) -> None:
    stub.on("POST /api/v1/quotas", says(OWN))
    stub.on("POST /api/v1/services/example/pause", says(PAUSED))
    stub.on("GET /api/v1/usage", says(UsageList(items=[OWN])))

    assert joborch("quota", "set", "ann", "example", "running=3", "-y").code == 0
    assert joborch("services", "pause", "example", "--yes").code == 0
