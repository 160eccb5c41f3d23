from typing import Any

import msgspec
import pytest

from joborch.wire.jobs import JobPage
from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer

MSGPACK = {"accept": "application/x-msgpack"}


def problem(server: RunningServer, method: str, path: str, **request: Any) -> tuple[int, str]:
    answer = server.http.request(method, path, **request)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, answer.json()["code"]


def test_a_submission_is_answered_with_its_jobs(server: RunningServer) -> None:
    form = {
        "service": "example",
        "user_id": "ann@lab",
        "name": "dock",
        "priority": "70",
        "array": "1-3%2",
        "tag": ["a=1", "b=x=y"],
        "env": "PATH_TO=/x",
        "time_limit": "10m",
        "max_attempts": "2",
        "hold": "yes",
        "begin": "2030-01-01T00:00:00+01:00",
    }
    files = [("f", ("run.sh", b"true")), ("f", ("in/data.txt", b"12345"))]

    answer = server.http.post("/api/v1/jobs", data=form, files=files)

    body = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (
        201,
        f"/api/v1/jobs/{body['jobs'][0]['id']}",
    )
    assert [job["array_index"] for job in body["jobs"]] == [1, 2, 3]
    assert (body["files"], body["size_bytes"], body["batch"][:2]) == (2, 9, "b-")
    view = server.http.get(answer.headers["location"]).json()
    assert view["tags"] == {"a": "1", "b": "x=y"}
    assert (view["priority"], view["time_limit_s"], view["max_attempts"]) == (70, 600, 2)
    assert (view["not_before"], view["name"]) == ("2029-12-31T23:00:00Z", "dock")
    assert view["held_at"] is not None


def test_a_submission_is_answered_with_the_places_of_its_jobs_if_wanted(
    server: RunningServer,
) -> None:
    def places(**form: str) -> list[int | None]:
        answer = server.http.post(
            "/api/v1/jobs?places=true",
            data={"service": "example", "user_id": "placed"} | form,
            files={"f": ("run.sh", b"true")},
            headers={"idempotency-key": form.get("name", "")} if "name" in form else {},
        )
        return [job["position"] for job in answer.raise_for_status().json()["jobs"]]

    assert places(array="1-2", name="k-first") == [1, 2]
    assert places() == [3]
    assert places(hold="yes") == [None]
    assert places(priority="90") == [1]
    assert places(array="1-2", name="k-first") == [2, 3], "the same again, behind the urgent one"
    assert places(begin="2099-01-01T00:00:00Z") == [None]


def test_the_same_key_submits_nothing_twice(server: RunningServer) -> None:
    form = {"service": "example", "user_id": "twice"}

    def send(script: bytes) -> Any:
        return server.http.post(
            "/api/v1/jobs",
            data=form,
            files={"f": ("run.sh", script)},
            headers={"idempotency-key": "k-1"},
        )

    first, second, third = send(b"a"), send(b"a"), send(b"b")

    assert (first.status_code, second.status_code, third.status_code) == (201, 200, 409)
    assert second.json()["jobs"][0] == first.json()["jobs"][0] | {"duplicate": True}
    assert third.json()["code"] == "idempotency_conflict"
    assert third.json()["hint"] == "use another key for other content"


@pytest.mark.parametrize("key", ["", "a b", "\u00e9", "x" * 201])
def test_a_key_must_be_short_and_visible(server: RunningServer, key: str) -> None:
    answer = server.http.post(
        "/api/v1/jobs",
        data={"service": "example", "user_id": "1"},
        files={"f": ("run.sh", b"exit 0\n")},
        headers={b"idempotency-key": key.encode()},
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


BAD_FIELDS = [
    ("priority", "101"),
    ("array", "5-1"),
    ("tag", "novalue"),
    ("tag", "=x"),
    ("env", "1A=x"),
    ("env", "A\0=x"),
    ("time_limit", "soon"),
    ("max_attempts", "0"),
    ("hold", "perhaps"),
    ("begin", "tomorrow"),
    ("begin", "2030-01-01T00:00:00"),
    ("begin", "0001-01-01T00:00:00+14:00"),
    ("user_id", "a b"),
    ("name", "a\nb"),
    ("service", ""),
    ("unknown", "x"),
]


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS)
def test_a_bad_field_is_named(server: RunningServer, field: str, value: str) -> None:
    form = {"service": "example", "user_id": "1", field: value}

    answer = server.http.post("/api/v1/jobs", data=form, files={"f": ("run.sh", b"exit 0\n")})

    assert answer.status_code == 400
    assert field in answer.json()["detail"]
    assert server.staged == []


def test_jobs_are_listed_page_by_page(server: RunningServer) -> None:
    ids = [submit(server.http, user_id="pages", tag=f"n={n}") for n in range(3)]
    wanted = {"user": "pages", "limit": "2", "sort": "id"}

    first = server.http.get("/api/v1/jobs", params=wanted).json()
    second = server.http.get("/api/v1/jobs", params=wanted | {"cursor": first["next"]}).json()
    tagged = server.http.get("/api/v1/jobs", params={"user": "pages", "tag": "n=1"}).json()

    assert [job["id"] for job in first["items"] + second["items"]] == ids
    assert (first["total"], second["next"]) == (3, None)
    assert [job["id"] for job in tagged["items"]] == [ids[1]]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "state=asleep",
        "state=,",
        "user=",
        "id=",
        "id=x",
        "id=-1",
        f"id={2**63}",
        "batch=x",
        f"batch={2**63}",
        "tag=x",
        "since=yesterday",
        "until=2026-01-01",
        "sort=colour",
        "sort=",
        "sort=user,",
        "sort=user,-user",
        "name=" + "*a" * 6,
        "name=" + "a" * 201,
        "cursor=x",
        "cursor=WyJpZCIsIDFd",
        "cursor=%00",
    ],
)
def test_a_bad_query_is_refused(server: RunningServer, query: str) -> None:
    assert problem(server, "GET", f"/api/v1/jobs?{query}") == (400, "invalid_request")


@pytest.mark.parametrize("name", ["[", "a'b", "****z", "\x00"])
def test_any_name_can_be_looked_for(server: RunningServer, name: str) -> None:
    answer = server.http.get("/api/v1/jobs", params={"name": name})

    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize(
    ("job_id", "expected"),
    [
        ("987654321", (404, "job_not_found")),
        (str(2**63 - 1), (404, "job_not_found")),
        ("x", (404, "job_not_found")),
        ("1.5", (404, "job_not_found")),
        ("0", (400, "invalid_request")),
        ("-1", (400, "invalid_request")),
        (str(2**63), (400, "invalid_request")),
        ("9" * 5000, (404, "job_not_found")),
    ],
)
@pytest.mark.parametrize(
    "route", ["", "/events", "/explain", "/results", "/partial", "/files", "/logs", "/logs/stream"]
)
def test_an_id_that_no_job_has_is_a_problem(
    server: RunningServer, route: str, job_id: str, expected: tuple[int, str]
) -> None:
    assert problem(server, "GET", f"/api/v1/jobs/{job_id}{route}") == expected


def test_what_does_not_exist_is_a_problem(server: RunningServer) -> None:
    assert problem(server, "GET", "/api/v1/nothing") == (404, "not_found")
    assert problem(server, "GET", "/nothing") == (404, "not_found")
    assert problem(server, "PUT", "/api/v1/jobs") == (405, "method_not_allowed")
    assert problem(server, "GET", "/api/v1/services/none") == (404, "service_not_found")
    assert problem(server, "GET", "/api/v1/agents/none") == (404, "agent_not_found")


def test_a_wait_ends_when_the_state_comes(server: RunningServer, agent: HandAgent) -> None:
    job_id = submit(server.http, user_id="wait")
    agent.take(job_id)

    answer = server.http.get(
        f"/api/v1/jobs/{job_id}", params={"wait_s": 30, "until": "assigned,bad"}
    )

    assert answer.json()["state"] == "assigned"


def test_a_wait_ends_with_its_time(server: RunningServer) -> None:
    job_id = submit(server.http, user_id="wait", hold="yes")

    answer = server.http.get(f"/api/v1/jobs/{job_id}", params={"wait_s": 0.1})

    assert (answer.status_code, answer.json()["state"]) == (200, "queued")


@pytest.mark.parametrize("query", ["wait_s=61", "wait_s=-1", "wait_s=nan", "until=never"])
def test_a_wait_has_bounds(server: RunningServer, query: str) -> None:
    assert problem(server, "GET", f"/api/v1/jobs/1?{query}") == (400, "invalid_request")


def test_a_waiting_job_is_cancelled_at_once(server: RunningServer) -> None:
    job_id = submit(server.http, user_id="cancel", hold="yes")
    url = f"/api/v1/jobs/{job_id}/cancel"

    answer = server.http.post(url, json={"reason": "a typo"})

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert answer.json()["reason"] == "cancelled by api: a typo"
    assert problem(server, "POST", url) == (409, "wrong_state")


def test_a_running_jobs_agent_is_asked(server: RunningServer, agent: HandAgent) -> None:
    job_id = submit(server.http, user_id="cancel")
    lease = agent.take(job_id)

    answer = server.http.post(f"/api/v1/jobs/{job_id}/cancel")

    assert (answer.status_code, answer.json()["state"]) == (202, "assigned")
    orders = agent.poll().cancels
    assert [(order.job_id, order.attempt) for order in orders] == [(job_id, lease.attempt)]
    agent.finish(lease, outcome="cancelled")
    assert server.http.get(f"/api/v1/jobs/{job_id}").json()["state"] == "cancelled"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"grace_s": "x"}', b'{"grace_s": -1}', b"\xff"])
def test_a_bad_body_is_refused(server: RunningServer, body: bytes) -> None:
    path = f"/api/v1/jobs/{submit(server.http, user_id='body', hold='yes')}/cancel"

    assert problem(server, "POST", path, content=body) == (400, "invalid_request")


def test_answers_come_as_messagepack_too(server: RunningServer) -> None:
    submit(server.http, user_id="packed", hold="yes")

    answer = server.http.get("/api/v1/jobs?user=packed", headers=MSGPACK)

    assert answer.headers["content-type"] == "application/x-msgpack"
    page = msgspec.msgpack.decode(answer.content, type=JobPage)
    assert [job.user_id for job in page.items] == ["packed"]


def test_a_job_can_be_explained(server: RunningServer) -> None:
    job_id = submit(server.http, user_id="why", hold="yes")

    answer = server.http.get(f"/api/v1/jobs/{job_id}/explain").json()

    assert (answer["reason"], answer["state"]) == ("held", "queued")


def test_a_jobs_history_is_kept(server: RunningServer) -> None:
    job_id = submit(server.http, user_id="past", hold="yes")

    items = server.http.get(f"/api/v1/jobs/{job_id}/events").json()["items"]

    assert [(item["event"], item["actor"]) for item in items] == [("submit", "user:past")]


def test_a_given_request_id_is_kept_if_it_is_fit(server: RunningServer) -> None:
    kept = server.http.get("/health", headers={"x-request-id": "abc-1"})
    other = server.http.get("/health", headers={"x-request-id": "a" * 65})

    assert kept.headers["x-request-id"] == "abc-1"
    assert other.headers["x-request-id"] != "a" * 65


@pytest.mark.parametrize(
    "path", ["/api/v1/jobs?stat=failed", "/api/v1/usage?usr=ann", "/api/v1/events?jobs=1"]
)
def test_a_mistyped_parameter_is_refused_and_does_not_mean_everything(
    server: RunningServer, path: str
) -> None:
    answer = server.http.get(path)
    assert answer.status_code == 400
    assert "there is no parameter" in answer.json()["detail"]
