"""quota and services: how much there is, and how much of it is used."""

import json

import pytest

from joborch.domain.errors import ServiceNotFoundError
from joborch.wire.services import ServiceList, ServiceView, UsageList, UsageView
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, refuses, says


def a_service(name: str, **changes: object) -> ServiceView:
    facts: dict[str, object] = {
        "name": name,
        "per_user": 5,
        "max": None,
        "active": 0,
        "queued": 0,
        "agents": 1,
        "slots": 4,
        "time_limit_s": None,
        "configured": True,
    }
    return ServiceView(**(facts | changes))  # type: ignore[arg-type]  # as the fields above


def a_use(user_id: str, service: str, active: int, *, queued: int = 0, limit: int = 5) -> UsageView:
    return UsageView(user_id=user_id, service=service, active=active, queued=queued, limit=limit)


EXAMPLE = a_service("example", max=10, active=7, queued=245, time_limit_s=3600.0)
HADDOCK = a_service("haddock", active=2, agents=0, slots=0, configured=False)


@pytest.fixture
def busy(stub: StubServer) -> StubServer:
    """Two services; user 1 has used up one of them."""
    stub.on("GET /api/v1/services", says(ServiceList(items=[EXAMPLE, HADDOCK])))
    stub.on("GET /api/v1/services/example", says(EXAMPLE))
    uses = [a_use("1", "example", 5, queued=245), a_use("alice", "example", 2)]
    stub.on(
        "GET /api/v1/usage",
        lambda heard: says(
            UsageList(items=[u for u in uses if u.user_id == heard.query.get("user", u.user_id)])
        ),
    )
    return stub


def test_ones_own_quota_is_drawn_for_every_service(busy: StubServer, joborch: Run) -> None:
    done = joborch("quota", "--format", "plain")

    assert done.out.splitlines() == [
        "USER  SERVICE  IN USE               WAITING",
        "1     example  ██████████ 5/5 FULL     +245",
        "1     haddock  ░░░░░░░░░░ 0/5",
    ]


def test_the_quota_of_another_user_and_of_me_by_name(busy: StubServer, joborch: Run) -> None:
    assert joborch("quota", "alice").out.splitlines()[1] == "alice\texample\t2\t5\t0\t\t"
    assert joborch("quota", "me").out == joborch("quota").out


def test_everybody_is_who_has_work(busy: StubServer, joborch: Run) -> None:
    done = joborch("quota", "-A", "--json")

    document = json.loads(done.out)
    assert document["schema"] == "joborch.quota/1"
    assert [(item["user_id"], item["active"]) for item in document["items"]] == [
        ("1", 5),
        ("alice", 2),
    ]


def test_a_quota_for_programs_has_its_limit(busy: StubServer, joborch: Run) -> None:
    lines = joborch("quota").out.splitlines()

    assert lines[:2] == [
        "user_id\tservice\tactive\tlimit\tqueued\tqueued_limit\tset_by",
        "1\texample\t5\t5\t245\t\t",
    ]


def test_the_services_of_a_quota_are_its_ids(busy: StubServer, joborch: Run) -> None:
    assert joborch("quota", "-q").out == "example\nhaddock\n"


@pytest.mark.parametrize("arguments", [["a", "b"], ["-A", "alice"]])
def test_it_is_one_user_or_everybody(joborch: Run, arguments: list[str]) -> None:
    assert joborch("quota", *arguments).code == 2


def test_services_are_listed_with_how_full_they_are(busy: StubServer, joborch: Run) -> None:
    done = joborch("services", "--format", "plain")

    head, example, haddock = done.out.splitlines()
    assert head.split("  ")[0] == "NAME"
    assert "███████░░░ 7/10" in example
    assert example.split()[-1] == "1h"
    assert "2, no limit" in haddock


def test_services_for_programs_are_numbers(busy: StubServer, joborch: Run) -> None:
    assert joborch("services").out.splitlines() == [
        "name\tactive\tmax\tper_user\tqueued\tagents\tslots\ttime_limit_s\tpaused_at",
        "example\t7\t10\t5\t245\t1\t4\t3600.0\t",
        "haddock\t2\t\t5\t0\t0\t0\t\t",
    ]
    assert json.loads(joborch("services", "--json").out)["schema"] == "joborch.services/1"
    assert joborch("services", "-q").out == "example\nhaddock\n"


def test_one_service_is_shown_with_its_users(busy: StubServer, joborch: Run) -> None:
    done = joborch("services", "example", "--format", "plain")

    assert done.out.splitlines() == [
        "service     example",
        "running     ███████░░░ 7/10",
        "queued      245",
        "per user    5",
        "agents      1 up, 4 slots",
        "time limit  1h",
        "known from  the server's settings",
        "  user 1  ██████████ 5/5 FULL  +245",
        "  user alice  ████░░░░░░ 2/5",
    ]


def test_one_service_for_programs_is_a_list_of_one(busy: StubServer, joborch: Run) -> None:
    [item] = json.loads(joborch("services", "example", "--json").out)["items"]

    assert item["name"] == "example"


def test_a_service_that_is_not_there_is_not_found(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/services/exmaple", refuses(ServiceNotFoundError("exmaple")))

    assert joborch("services", "exmaple").code == 3


def test_names_from_a_server_cannot_drive_the_terminal(stub: StubServer, at_terminal: Run) -> None:
    evil = a_service("ex\x1b]0;pwned\x07ample")
    stub.on("GET /api/v1/services", says(ServiceList(items=[evil])))
    stub.on("GET /api/v1/services/x", says(evil))
    stub.on("GET /api/v1/usage", says(UsageList(items=[a_use("\x1b[2Jbob", "x", 1)])))

    assert "pwned" not in at_terminal("services").out
    assert "[2J" not in at_terminal("services", "x").out
