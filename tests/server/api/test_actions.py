from typing import Any

import pytest

from tests.server.api.test_jobs import problem
from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer

ACTIONS = "/api/v1/jobs/actions"


def held(server: RunningServer, user: str = "acts") -> int:
    return submit(server.http, user_id=user, hold="yes")


def events_of(server: RunningServer, job_id: int) -> list[str]:
    items = server.http.get(f"/api/v1/jobs/{job_id}/events").json()["items"]
    return [event["event"] for event in items]


def actors_of(server: RunningServer, job_id: int) -> list[str]:
    items = server.http.get(f"/api/v1/jobs/{job_id}/events").json()["items"]
    return [f"{event['event']} {event['actor']}" for event in items]


def test_a_job_is_held_and_released(server: RunningServer, agent: HandAgent) -> None:
    job_id = held(server)
    url = f"/api/v1/jobs/{job_id}"

    again = server.http.post(f"{url}/hold")
    assert (again.status_code, again.json()["held_at"] is None) == (200, False)
    assert server.http.get(f"{url}/explain").json()["reason"] == "held"

    released = server.http.post(f"{url}/release")
    assert (released.status_code, released.json()["held_at"]) == (200, None)
    lease = agent.take(job_id)
    assert problem(server, "POST", f"{url}/hold") == (409, "wrong_state")
    agent.finish(lease)


@pytest.mark.parametrize(
    ("method", "route", "meant"),
    [
        ("POST", "/hold?bye=ann", "by?"),
        ("POST", "/release?user=ann", ""),
        ("PATCH", "?buy=ann", "by?"),
        ("POST", "/cancel?by=ann&force=1", ""),
    ],
)
def test_a_parameter_that_there_is_not_is_refused_and_nothing_done(
    server: RunningServer, method: str, route: str, meant: str
) -> None:
    job_id = submit(server.http, user_id="acts")
    before = events_of(server, job_id)

    said = server.http.request(method, f"/api/v1/jobs/{job_id}{route}", json={})

    assert said.status_code == 400
    assert "there is no parameter" in said.text
    assert meant in said.text
    assert events_of(server, job_id) == before


def test_an_operators_mistyped_parameter_is_refused_too(server: RunningServer) -> None:
    for route in ("/services/example/resume?by=eve", "/agents/nobody/drain?on=1", "/jobs?place=1"):
        said = server.http.post(f"/api/v1{route}")
        assert (said.status_code, "there is no parameter" in said.text) == (400, True)


def test_the_history_says_who_asked(server: RunningServer) -> None:
    job_id = held(server, user="asks")
    url = f"/api/v1/jobs/{job_id}"

    server.http.post(f"{url}/release?by=dan")
    held_by = server.http.post(f"{url}/hold?by=bob").json()["hold_actor"]
    why = server.http.get(f"{url}/explain").json()["message"]
    server.http.patch(f"{url}?by=cem", json={"priority": 70})
    cancelled = server.http.post(f"{url}/cancel?by=eve").json()
    new_id = server.http.post(f"{url}/retry?by=fay").json()["id"]
    server.http.post(f"{ACTIONS}?by=gus", json={"action": "cancel", "ids": [new_id]})

    assert (held_by, cancelled["reason"]) == ("user:bob", "cancelled by eve")
    assert why == "held by bob until somebody releases it"
    assert actors_of(server, job_id) == [
        "submit user:asks",
        "released user:dan",
        "held user:bob",
        "changed user:cem",
        "cancel user:eve",
        "retried user:fay",
    ]
    assert actors_of(server, new_id) == ["submit user:fay", "cancel user:gus"]


def test_a_reason_does_not_hide_who_cancelled_a_job(server: RunningServer) -> None:
    url = f"/api/v1/jobs/{held(server)}/cancel?by=root"

    cancelled = server.http.post(url, json={"reason": "cancelled by bob"}).json()

    assert cancelled["reason"] == "cancelled by root: cancelled by bob"


def test_a_job_says_who_holds_it_for_as_long_as_it_is_held(server: RunningServer) -> None:
    job_id = held(server, user="holds")
    url = f"/api/v1/jobs/{job_id}"

    seen = [
        server.http.get(url).json()["hold_actor"],
        server.http.post(f"{url}/release").json()["hold_actor"],
        server.http.post(f"{url}/hold").json()["hold_actor"],
    ]

    assert seen == ["user:holds", None, "api"]


def test_a_name_that_no_user_can_have_asks_for_nothing(server: RunningServer) -> None:
    job_id = held(server)
    url, many = f"/api/v1/jobs/{job_id}", {"action": "release", "ids": [job_id]}
    bad = "?by=a%1B%5B31m"

    answers = [
        *(server.http.post(f"{url}/{verb}{bad}") for verb in ("cancel", "hold", "release")),
        server.http.patch(f"{url}{bad}", json={"priority": 70}),
        server.http.post(f"{url}/retry{bad}"),
        server.http.post(f"{ACTIONS}{bad}", json=many),
    ]

    assert {answer.status_code for answer in answers} == {400}
    assert all("by: " in answer.json()["detail"] for answer in answers)
    assert events_of(server, job_id) == ["submit"]


def test_a_waiting_job_is_changed(server: RunningServer) -> None:
    job_id = held(server)
    wish = {
        "priority": 80,
        "name": "later",
        "tags": {"run": "night"},
        "time_limit_s": 90,
        "not_before": "2030-01-01T00:00:00+01:00",
    }

    changed = server.http.patch(f"/api/v1/jobs/{job_id}", json=wish)

    assert changed.status_code == 200
    seen = {name: changed.json()[name] for name in wish}
    assert seen == wish | {"not_before": "2029-12-31T23:00:00Z"}
    back = {"tags": {"run": None}, "not_before": None}
    assert server.http.patch(f"/api/v1/jobs/{job_id}", json=back).json()["tags"] == {}
    assert events_of(server, job_id) == ["submit", "changed", "changed"]


BAD_CHANGES: list[tuple[dict[str, Any], str]] = [
    ({}, "nothing"),
    ({"priority": 101}, "priority"),
    ({"priority": "high"}, "priority"),
    ({"prioritty": 1}, "prioritty"),
    ({"name": ""}, "name"),
    ({"tags": {"": "x"}}, "tag"),
    ({"time_limit_s": 0}, "time_limit_s"),
    ({"time_limit_s": 1e300}, "time_limit_s"),
    ({"not_before": "2030-01-01T00:00:00"}, "not_before"),
    ({"not_before": "0001-01-01T00:00:00+14:00"}, "not_before"),
]


@pytest.mark.parametrize(("changes", "word"), BAD_CHANGES)
def test_a_bad_change_is_named(server: RunningServer, changes: dict[str, Any], word: str) -> None:
    job_id = held(server)

    alone = server.http.patch(f"/api/v1/jobs/{job_id}", json=changes)
    of_many = {"action": "set", "ids": [job_id], "changes": changes}
    many = server.http.post(ACTIONS, json=of_many)

    assert (alone.status_code, many.status_code) == (400, 400)
    assert word in alone.json()["detail"]
    assert word in many.json()["detail"]
    assert events_of(server, job_id) == ["submit"]


def test_all_mistakes_of_a_change_are_named_at_once(server: RunningServer) -> None:
    changes = {"priority": 101, "name": "", "time_limit_s": -1}

    answer = server.http.patch(f"/api/v1/jobs/{held(server)}", json=changes)

    assert len(answer.json()["details"]["mistakes"]) == 3


def test_a_failed_job_is_submitted_again(server: RunningServer, agent: HandAgent) -> None:
    job_id = submit(server.http, user_id="again", name="dock")
    url = f"/api/v1/jobs/{job_id}/retry"
    assert problem(server, "POST", url) == (409, "wrong_state")
    agent.finish(agent.take(job_id), outcome="failed")

    first = server.http.post(url, headers={"idempotency-key": "again"})
    second = server.http.post(url, headers={"idempotency-key": "again"})
    third = server.http.post(url, json={"priority": 9})

    new = first.json()
    assert (first.status_code, second.status_code, third.status_code) == (201, 200, 201)
    assert first.headers["location"] == f"/api/v1/jobs/{new['id']}"
    assert (new["name"], new["tags"]) == ("dock", {"retry_of": str(job_id)})
    assert second.json()["id"] == new["id"]
    assert (third.json()["id"] == new["id"], third.json()["priority"]) == (False, 9)
    agent.finish(agent.take(new["id"]))
    agent.finish(agent.take(third.json()["id"]))
    assert problem(server, "POST", f"/api/v1/jobs/{new['id']}/retry") == (409, "wrong_state")
    completed = server.http.post(f"/api/v1/jobs/{new['id']}/retry", json={"completed": True})
    assert completed.status_code == 201
    agent.finish(agent.take(completed.json()["id"]))


def test_many_jobs_are_acted_upon_with_a_result_for_each(server: RunningServer) -> None:
    first, second = held(server), held(server)

    def act(action: str, **more: Any) -> Any:
        answer = server.http.post(
            ACTIONS, json={"action": action, "ids": [first, 10**12, second], **more}
        )
        assert answer.status_code == 200
        assert answer.json()["action"] == action
        return answer.json()["results"]

    assert [(each["id"], each["ok"], each["state"]) for each in act("hold")] == [
        (first, True, "queued"),
        (10**12, False, None),
        (second, True, "queued"),
    ]
    assert act("set", changes={"priority": 7})[1]["error"] == {
        "code": "job_not_found",
        "message": "there is no job 1000000000000",
        "hint": None,
    }
    assert [each["state"] for each in act("cancel", reason="a typo")] == [
        "cancelled",
        None,
        "cancelled",
    ]
    assert [each["ok"] for each in act("release")] == [False, False, False]
    new = [each["new_id"] for each in act("retry", priority=3)]
    assert [each is None for each in new] == [False, True, False]
    views = [server.http.get(f"/api/v1/jobs/{job_id}").json() for job_id in (new[0], new[2])]
    assert [(view["priority"], view["tags"]["retry_of"]) for view in views] == [
        (3, str(first)),
        (3, str(second)),
    ]


def test_a_retry_of_many_is_repeated_without_harm(server: RunningServer) -> None:
    job_id = held(server, user="many")
    server.http.post(f"/api/v1/jobs/{job_id}/cancel")
    headers = {"idempotency-key": "many"}
    body = {"action": "retry", "ids": [job_id]}

    first = server.http.post(ACTIONS, json=body, headers=headers).json()
    second = server.http.post(ACTIONS, json=body, headers=headers).json()

    assert first == second
    assert server.http.get("/api/v1/jobs", params={"user": "many"}).json()["total"] == 2


BAD_ACTIONS: list[tuple[dict[str, Any], str]] = [
    ({"action": "sleep", "ids": [1]}, "sleep"),
    ({"ids": [1]}, "action"),
    ({"action": "hold"}, "ids"),
    ({"action": "hold", "ids": []}, "ids"),
    ({"action": "hold", "ids": [0]}, "0 is no job's id"),
    ({"action": "hold", "ids": [2**63]}, "is no job's id"),
    ({"action": "hold", "ids": [1] * 1001}, "1000"),
    ({"action": "hold", "ids": [1], "reason": "x"}, "reason"),
    ({"action": "cancel", "ids": [1], "grace_s": -1}, "grace_s"),
    ({"action": "cancel", "ids": [1], "reason": "a\nb"}, "reason"),
    ({"action": "set", "ids": [1]}, "changes"),
    ({"action": "retry", "ids": [1], "priority": 101}, "priority"),
]


@pytest.mark.parametrize(("body", "word"), BAD_ACTIONS)
def test_a_bad_action_is_refused_whole(
    server: RunningServer, body: dict[str, Any], word: str
) -> None:
    answer = server.http.post(ACTIONS, json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert word in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/jobs/1/retry", ACTIONS])
def test_a_key_must_be_short_and_visible(server: RunningServer, path: str) -> None:
    body = {"action": "retry", "ids": [1]} if path == ACTIONS else None

    answer = server.http.post(path, json=body, headers={"idempotency-key": "a b"})

    assert (answer.status_code, "Idempotency-Key" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("action", ["hold", "release", "retry", "cancel"])
def test_there_is_nothing_to_act_upon_where_there_is_no_job(
    server: RunningServer, action: str
) -> None:
    assert problem(server, "POST", f"/api/v1/jobs/999999/{action}") == (404, "job_not_found")


def test_there_is_nothing_to_change_where_there_is_no_job(server: RunningServer) -> None:
    found = problem(server, "PATCH", "/api/v1/jobs/999999", json={"priority": 1})
    assert found == (404, "job_not_found")
