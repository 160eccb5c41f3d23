"""``GET /api/v1/jobs?q=``; what each filter means is tested in tests/server/store."""

import base64
import json
from typing import Any

import pytest

from joborch.domain.sorting import KEYS
from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer


def listed(server: RunningServer, **query: Any) -> list[int]:
    answer = server.http.get("/api/v1/jobs", params={"sort": "id", **query})
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["items"]]


@pytest.fixture(scope="module")
def ids(server: RunningServer, agent: HandAgent) -> list[int]:
    """Jobs of one user: a held one, a failed one, one that waits, and two of other names."""
    facts: list[dict[str, Any]] = [
        {"name": "dock-1", "hold": "yes"},
        {"name": "dock-2", "tag": "run=night"},
        {"name": "dock-3", "priority": "80", "hold": "yes"},
        {"name": "it's 100% odd_", "hold": "yes"},
        {"name": "energies", "tag": "run=day", "hold": "yes"},
    ]
    found = [submit(server.http, user_id="filters", **each) for each in facts]
    agent.finish(agent.take(found[1]), outcome="failed")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("dock", [0, 1, 2]),
        ("dock !state:failed", [0, 2]),
        ("state:held prio>=80", [2]),
        ("tag:run", [1, 4]),
        ("tag:run=night agent:shared", [1]),
        ("!agent:*", [0, 2, 3, 4]),
        ("'100%'", [3]),
        ("name~^e", [4]),
        ("age<1h service:ex*", [0, 1, 2, 3, 4]),
        ("age>1h", []),
        ("age>0.001s !dock", [3, 4]),
        ("run<1h", [1]),
    ],
)
def test_a_filter_is_one_condition_more(
    server: RunningServer, ids: list[int], text: str, expected: list[int]
) -> None:
    assert listed(server, user="filters", q=text) == [ids[each] for each in expected]


@pytest.mark.parametrize("sort", [*KEYS, *(f"-{key}" for key in KEYS), "name,-priority"])
def test_pages_of_a_filter_follow_each_other(
    server: RunningServer, ids: list[int], sort: str
) -> None:
    wanted = {"q": "user:filters dock", "sort": sort}

    first = server.http.get("/api/v1/jobs", params=wanted | {"limit": "2"}).json()
    rest = server.http.get("/api/v1/jobs", params=wanted | {"cursor": first["next"]}).json()

    found = [job["id"] for job in first["items"] + rest["items"]]
    assert found == listed(server, **wanted)
    assert (first["total"], sorted(found), rest["next"]) == (3, ids[:3], None)


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("id", 2**63),
        ("id", "1"),
        ("priority", 1.5),
        ("name", 1),
        ("name", "\ud800"),
        ("submitted_at", "2026-01-01"),
        ("submitted_at", 2**62),
        ("state", None),
    ],
)
def test_a_cursor_that_no_page_had_is_refused(
    server: RunningServer, sort: str, value: object
) -> None:
    forged = base64.urlsafe_b64encode(json.dumps([sort, value, 1]).encode()).decode()

    answer = server.http.get("/api/v1/jobs", params={"sort": sort, "cursor": forged})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_all_parameters_have_to_hold(server: RunningServer, ids: list[int]) -> None:
    assert listed(server, q="dock", user="filters", state="failed") == [ids[1]]
    assert listed(server, q="dock", id=f"{ids[0]},{ids[4]}") == [ids[0]]
    assert listed(server, q="user:filters", tag="run=day") == [ids[4]]


def test_all_that_is_wrong_with_a_query_is_named(server: RunningServer) -> None:
    answer = server.http.get("/api/v1/jobs", params={"q": "stat:x age:1h", "state": "asleep"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "state: 'asleep' is no state" in answer.json()["detail"]
    assert "q: 'stat:x' at 1: stat: is no condition; state?" in answer.json()["detail"]
    assert "'age:1h' at 8: it is asked for as in age>2h" in answer.json()["detail"]


@pytest.mark.parametrize(
    "text",
    [
        "user:me",
        "\x00",
        "b-" + "9" * 30,
        "id:" + "9" * 30,
        "x" * 1001,
        "exit:" + "9" * 30,
    ],
)
def test_what_is_no_filter_is_refused(server: RunningServer, text: str) -> None:
    answer = server.http.get("/api/v1/jobs", params={"q": text})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "text",
    [
        "id:" + "9" * 18,
        "id:1-" + "9" * 18 + ":3",
        "b-" + "9" * 18,
        "age<3649d",
        "name:" + "*a" * 400,
        "name~" + "*".join("abcdefghij"),
        "[ ' ]".replace("'", '"\'"'),
        "id:" + ",".join(["1-2"] * 50),
        "!a " * 20,
    ],
)
def test_nothing_that_is_one_is_too_much(server: RunningServer, text: str) -> None:
    assert listed(server, user="nobody", q=text) == []
