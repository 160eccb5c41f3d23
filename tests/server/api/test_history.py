from typing import Any

import pytest

from tests.support.hand_agent import submit
from tests.support.server import RunningServer


def past(server: RunningServer, **query: Any) -> Any:
    return server.http.get("/api/v1/history", params=query).raise_for_status().json()


def test_the_past_is_read_backwards_page_by_page(server: RunningServer) -> None:
    user = "past-pages"
    wanted = [submit(server.http, user_id=user, hold="yes") for _ in range(3)]

    newest = past(server, user=user, limit=2)
    older = past(server, user=user, limit=2, before=newest["next"])

    assert newest["schema"] == "joborch.events/1"
    assert [event["job_id"] for event in newest["items"]] == wanted[1:]
    assert [event["job_id"] for event in older["items"]] == wanted[:1]
    assert older["next"] is None
    assert older["items"][0]["event"] == "submit"


@pytest.mark.parametrize("of", ["user", "job", "batch"])
def test_only_the_wanted_jobs_are_told_of(server: RunningServer, of: str) -> None:
    wanted = submit(server.http, user_id=f"past-{of}", array="5", hold="yes")
    submit(server.http, user_id="others", hold="yes")
    view = server.http.get(f"/api/v1/jobs/{wanted}").json()
    query = {"user": f"past-{of}", "job": f"{wanted}", "batch": view["batch"]}[of]

    page = past(server, **{of: query})

    assert [event["job_id"] for event in page["items"]] == [wanted]
    assert past(server, **{of: query}, service="other")["items"] == []


def test_after_an_event_comes_what_happened_then(server: RunningServer) -> None:
    job_id = submit(server.http, user_id="past-after", hold="yes")
    [submitted] = past(server, job=job_id)["items"]
    server.http.post(f"/api/v1/jobs/{job_id}/cancel").raise_for_status()

    page = past(server, job=job_id, after=submitted["seq"])

    assert [event["event"] for event in page["items"]] == ["cancel"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"before": "soon"}, "before: 'soon' is no event's number"),
        ({"after": "-1"}, "after: '-1' is no event's number"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"user": ","}, "user: is empty"),
        ({"usr": "1"}, "there is no parameter 'usr'; user?"),
        ({"state": "done"}, "there is no parameter 'state'"),
    ],
)
def test_a_mistake_is_named(server: RunningServer, query: dict[str, str], named: str) -> None:
    answer = server.http.get("/api/v1/history", params=query)

    assert answer.status_code == 400
    assert named in answer.text
