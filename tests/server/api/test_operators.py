"""The routes of operators: pauses, quotas of single users, agents that are removed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer

SERVICE = "operated"
"""Of these tests alone: others share the server."""


@pytest.fixture(scope="module")
def operated(server: RunningServer) -> HandAgent:
    return HandAgent(server.http, name="operated", service=SERVICE)


@pytest.fixture
def paused(server: RunningServer, operated: HandAgent) -> Iterator[dict[str, object]]:
    asked = {"reason": "new disks", "by": "eve"}
    yield server.http.post(f"/api/v1/services/{SERVICE}/pause", json=asked).json()
    server.http.post(f"/api/v1/services/{SERVICE}/resume").raise_for_status()


def test_a_paused_service_is_shown_as_such_wherever_it_is_shown(
    server: RunningServer, paused: dict[str, object]
) -> None:
    listed = server.http.get("/api/v1/services").json()["items"]
    snapshot = server.http.get("/api/v1/snapshot").json()["services"]

    pause = paused["paused"]
    assert isinstance(pause, dict)
    assert (pause["by"], pause["reason"]) == ("eve", "new disks")
    assert datetime.now(UTC) - datetime.fromisoformat(pause["at"]) < timedelta(minutes=5)
    for services in (listed, snapshot):
        assert [one["paused"] for one in services if one["name"] == SERVICE] == [pause]


def test_its_jobs_are_taken_and_explained(server: RunningServer, paused: object) -> None:
    job_id = submit(server.http, service=SERVICE)

    said = server.http.get(f"/api/v1/jobs/{job_id}/explain").json()

    assert (said["reason"], said["paused"]["reason"]) == ("service_paused", "new disks")


def test_a_service_is_resumed(server: RunningServer, paused: object) -> None:
    answer = server.http.post(f"/api/v1/services/{SERVICE}/resume")

    assert (answer.status_code, answer.json()["paused"]) == (200, None)


def test_who_says_nothing_pauses_as_the_api(server: RunningServer, operated: HandAgent) -> None:
    shown = server.http.post(f"/api/v1/services/{SERVICE}/pause").json()
    server.http.post(f"/api/v1/services/{SERVICE}/resume").raise_for_status()

    assert (shown["paused"]["by"], shown["paused"]["reason"]) == ("api", None)


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_service_that_there_is_not_is_not_found(server: RunningServer, verb: str) -> None:
    answer = server.http.post(f"/api/v1/services/nope/{verb}")

    assert (answer.status_code, answer.json()["code"]) == (404, "service_not_found")


def test_a_pause_with_mistakes_is_refused_with_all_of_them(server: RunningServer) -> None:
    answer = server.http.post(
        "/api/v1/services/example/pause", json={"reason": "\x1b[2J", "by": "a b"}
    )

    assert answer.status_code == 400
    assert len(answer.json()["details"]["mistakes"]) == 2


def test_a_quota_is_set_and_shown(server: RunningServer, operated: HandAgent) -> None:
    wanted = {"user_id": "zoe", "service": SERVICE, "running": 0, "queued": 1, "by": "eve"}

    answer = server.http.post("/api/v1/quotas", json=wanted)

    shown = answer.json()
    assert (answer.status_code, shown["limit"], shown["queued_limit"]) == (200, 0, 1)
    assert (shown["override"]["running"], shown["override"]["by"]) == (0, "eve")
    used = server.http.get("/api/v1/usage", params={"user": "zoe"}).json()["items"]
    snapshot = server.http.get("/api/v1/snapshot").json()["usage"]
    assert used == [shown] == [one for one in snapshot if one["user_id"] == "zoe"]


def test_a_submission_beyond_it_is_refused(server: RunningServer, operated: HandAgent) -> None:
    wanted = {"user_id": "yan", "service": SERVICE, "queued": 0}
    server.http.post("/api/v1/quotas", json=wanted).raise_for_status()

    answer = server.http.post(
        "/api/v1/jobs",
        data={"service": SERVICE, "user_id": "yan"},
        files={"files": ("run.sh", b"true")},
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "queue_full")
    assert "joborch quota set yan operated queued=1" in problem["hint"]


def test_null_takes_a_quota_back(server: RunningServer, operated: HandAgent) -> None:
    wanted = {"user_id": "xia", "service": SERVICE}
    server.http.post("/api/v1/quotas", json=wanted | {"running": 1}).raise_for_status()

    shown = server.http.post("/api/v1/quotas", json=wanted | {"running": None}).json()

    assert (shown["limit"], shown["override"]) == (5, None)
    assert server.http.get("/api/v1/usage", params={"user": "xia"}).json()["items"] == []


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"running": -1},
        {"queued": 2**31 + 1},
        {"running": "many"},
        {"running": 1, "by": "a b"},
        {"running": 1, "user_id": "-x"},
        {"running": 1, "max": 3},
    ],
)
def test_a_quota_that_is_none_is_refused(server: RunningServer, wanted: dict[str, object]) -> None:
    about = {"user_id": "wim", "service": "example"}

    assert server.http.post("/api/v1/quotas", json=about | wanted).status_code == 400


def test_a_quota_of_no_service_is_not_found(server: RunningServer) -> None:
    wanted = {"user_id": "wim", "service": "nope", "running": 1}

    assert server.http.post("/api/v1/quotas", json=wanted).status_code == 404


def test_an_agent_that_is_down_is_removed_and_told_so(server: RunningServer) -> None:
    agent = HandAgent(server.http, name="gone")

    answer = server.http.delete("/api/v1/agents/gone")

    assert (answer.status_code, answer.json()["id"]) == (200, agent.id)
    assert server.http.get("/api/v1/agents/gone").status_code == 404
    refused = agent.call("POST", "/poll", json={"incarnation": 1})
    assert (refused.status_code, refused.json()["code"]) == (404, "agent_not_found")
    assert "was removed" in refused.json()["detail"]
    assert server.http.delete("/api/v1/agents/gone").status_code == 404


def test_an_agent_that_is_up_is_not_removed(server: RunningServer) -> None:
    HandAgent(server.http, name="here").poll(hold_s=0)

    answer = server.http.delete("/api/v1/agents/here")

    assert (answer.status_code, answer.json()["code"]) == (409, "agent_in_use")
    assert "joborch agents drain here --wait" in answer.json()["hint"]
