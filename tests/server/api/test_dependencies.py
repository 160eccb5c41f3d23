"""Submissions that wait for other jobs, as a program sends them."""

from typing import Any

import pytest

from tests.server.api.test_jobs import problem
from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer

FILES = {"f": ("run.sh", b"true")}


def show(server: RunningServer, job_id: int) -> Any:
    return server.http.get(f"/api/v1/jobs/{job_id}").json()


def test_a_job_waits_for_others_and_says_for_which(server: RunningServer, agent: HandAgent) -> None:
    first, second = [submit(server.http, user_id="waits") for _ in range(2)]
    last = submit(server.http, user_id="waits", after=f"{first}-{second}")

    view = show(server, last)
    assert (view["state"], view["after"], view["after_count"]) == ("queued", [first, second], 2)
    said = server.http.get(f"/api/v1/jobs/{last}/explain").json()
    assert (said["reason"], said["position"], said["estimate"]) == ("dependency", None, None)
    assert said["after"][0] == {"id": first, "state": "queued", "until": "completed"}
    agent.finish(agent.take(first))
    agent.finish(agent.take(second))
    assert (show(server, last)["after"], show(server, last)["after_count"]) == ([], 0)
    agent.finish(agent.take(last))


def test_jobs_may_be_named_in_several_fields(server: RunningServer) -> None:
    ids = [submit(server.http, user_id="fields", hold="yes") for _ in range(3)]
    wishes: dict[str, Any] = {"after": [str(ids[0]), str(ids[1])], "after_any": str(ids[2])}

    last = submit(server.http, user_id="fields", **wishes)

    assert show(server, last)["after"] == ids
    listed = server.http.get("/api/v1/jobs", params={"id": last}).json()["items"]
    assert listed[0]["after_count"] == 3


def test_what_fails_takes_along_what_waited_for_its_success(
    server: RunningServer, agent: HandAgent
) -> None:
    first = submit(server.http, user_id="fails")
    second = submit(server.http, user_id="fails", after=str(first))

    agent.finish(agent.take(first), outcome="failed")

    view = show(server, second)
    assert (view["state"], view["reason"]) == ("cancelled", f"dependency {first} failed")
    request = {"data": {"service": "example", "user_id": "fails", "after": first}, "files": FILES}
    assert problem(server, "POST", "/api/v1/jobs", **request) == (409, "dependency_failed")


def test_a_job_that_is_not_there_cannot_be_waited_for(server: RunningServer) -> None:
    request = {"data": {"service": "example", "user_id": "1", "after": "999999"}, "files": FILES}
    assert problem(server, "POST", "/api/v1/jobs", **request) == (404, "job_not_found")


@pytest.mark.parametrize(
    ("wishes", "mistake"),
    [
        ({"after": "b-3"}, "after: 'b-3' is not ids like 7,40-60"),
        ({"after": "1-10001"}, "after: 10001 jobs, more than the 10000 one may wait for"),
        ({"after": "1-6000", "after_any": "6001-12000"}, "at most 10000 jobs together"),
    ],
)
def test_what_cannot_be_waited_for_is_named(
    server: RunningServer, wishes: dict[str, str], mistake: str
) -> None:
    form = {"service": "example", "user_id": "1", **wishes}
    answer = server.http.post("/api/v1/jobs", data=form, files=FILES)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert mistake in answer.json()["detail"]
