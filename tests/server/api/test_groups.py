from typing import Any

import pytest

from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer

STDERR = ".joborch/stderr.log"


def groups(server: RunningServer, by: str, **query: Any) -> Any:
    answer = server.http.get("/api/v1/jobs/groups", params={"by": by, **query})
    return answer.raise_for_status().json()


def fail(server: RunningServer, agent: HandAgent, user: str, stderr: str, **fields: Any) -> int:
    job_id = submit(server.http, user_id=user, **fields)
    agent.finish(agent.take(job_id), outcome="failed", files={STDERR: stderr})
    return job_id


def test_failures_are_counted_by_their_cause(server: RunningServer, agent: HandAgent) -> None:
    user = "groups-causes"
    causes = ["no chain in 1abc.pdb", "no chain in 2oob.pdb", "disk quota exceeded"]
    failed = [fail(server, agent, user, f"step 1\nError: {cause}\n") for cause in causes]
    good = submit(server.http, user_id=user)
    agent.finish(agent.take(good))

    found = groups(server, "signature", user=user)

    assert (found["schema"], found["by"]) == ("joborch.groups/1", "signature")
    assert (found["total"], found["examined"]) == (3, 3)
    assert [(each["text"], each["count"], each["ids"]) for each in found["items"]] == [
        ("exit 1 · Error: no chain in <path>", 2, failed[:2]),
        ("exit 1 · Error: disk quota exceeded", 1, failed[2:]),
    ]
    largest = found["items"][0]
    view = server.http.get(f"/api/v1/jobs/{failed[1]}").json()
    assert [largest["first_id"], largest["last_id"]] == failed[:2]
    assert largest["latest_at"] == view["finished_at"]


def test_a_signature_stays_the_same(server: RunningServer, agent: HandAgent) -> None:
    user = "groups-same"
    fail(server, agent, user, "Error: bad weather")
    first = groups(server, "signature", user=user)["items"]
    fail(server, agent, user, "Error: bad weather")

    [again] = groups(server, "signature", user=user)["items"]

    assert (again["key"], again["count"]) == (first[0]["key"], 2)


def test_what_a_job_wrote_elsewhere_counts_too(server: RunningServer, agent: HandAgent) -> None:
    job_id = submit(server.http, user_id="groups-stdout")
    files = {".joborch/stdout.log": "panic: no memory\n", STDERR: ""}
    agent.finish(agent.take(job_id), outcome="failed", files=files)

    [only] = groups(server, "signature", user="groups-stdout")["items"]

    assert only["text"] == "exit 1 · panic: no memory"


def test_only_what_failed_has_a_signature(server: RunningServer) -> None:
    job_id = submit(server.http, user_id="groups-queued", hold="yes")
    server.http.post(f"/api/v1/jobs/{job_id}/cancel").raise_for_status()

    for states in ({}, {"state": "active"}, {"state": "cancelled"}):
        found = groups(server, "signature", user="groups-queued", **states)
        assert (found["items"], found["total"]) == ([], 0)


def test_a_log_that_is_very_long_or_not_there_is_no_matter(
    server: RunningServer, agent: HandAgent
) -> None:
    user = "groups-odd"
    fail(server, agent, user, "Error: seen\n" * 2_000_000)
    fail(server, agent, user, "x" * 100_000 + "\n\xff\x00\nError: seen\n")
    without = agent.take(submit(server.http, user_id=user))
    agent.finish(without, outcome="failed")

    found = groups(server, "signature", user=user)

    assert [each["text"] for each in found["items"]] == ["exit 1", "exit 1 · Error: seen"]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("user", [("groups-of", "groups-of", 3)]),
        ("service", [("example", "example", 3)]),
        ("state", [("failed", "failed", 2), ("queued", "queued", 1)]),
        ("agent", [("AGENT", "shared", 2), ("", "none", 1)]),
        ("reason", [("exit status 1", "exit status 1", 2), ("", "none", 1)]),
        ("batch", [("BATCH", "BATCH", 2), ("", "none", 1)]),
    ],
)
def test_jobs_are_counted_by_any_column(
    server: RunningServer,
    agent: HandAgent,
    three: tuple[int, str],
    by: str,
    expected: list[tuple[str, str, int]],
) -> None:
    first, batch = three

    found = groups(server, by, user="groups-of")

    names = {"AGENT": agent.id, "BATCH": batch}
    wanted = [[names.get(key, key), names.get(text, text), count] for key, text, count in expected]
    assert [[each["key"], each["text"], each["count"]] for each in found["items"]] == wanted
    assert (found["total"], found["examined"]) == (3, 3)
    assert found["items"][0]["first_id"] == first
    assert found["items"][0]["ids"] == []


@pytest.fixture(scope="module")
def three(server: RunningServer, agent: HandAgent) -> tuple[int, str]:
    """A batch of two jobs that failed, and one that waits; the first's id and the batch."""
    first = submit(server.http, user_id="groups-of", array="1-2")
    for job_id in (first, first + 1):
        agent.finish(agent.take(job_id), outcome="failed", files={STDERR: "Error: x"})
    submit(server.http, user_id="groups-of", hold="yes")
    batch: str = server.http.get(f"/api/v1/jobs/{first}").json()["batch"]
    return first, batch


def test_the_filters_are_those_of_the_list(
    server: RunningServer, agent: HandAgent, three: tuple[int, str]
) -> None:
    first, batch = three
    by_agent = groups(server, "state", user="groups-of", agent="shared")
    by_batch = groups(server, "signature", batch=batch, state="failed")
    by_ids = groups(server, "signature", id=f"{first}")

    assert by_agent["total"] == 2
    assert by_batch["items"][0]["ids"] == [first, first + 1]
    assert by_ids["items"][0]["ids"] == [first]


def test_there_is_no_filter_that_the_list_has_not(server: RunningServer) -> None:
    paths = server.http.get("/api-docs/openapi.json").json()["paths"]

    def parameters(path: str) -> set[str]:
        return {each["name"] for each in paths[path]["get"]["parameters"]}

    of_list = parameters("/api/v1/jobs") - {"sort", "limit", "cursor"}
    assert parameters("/api/v1/jobs/groups") == {"by"} | of_list


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({}, "by"),
        ({"by": "colour"}, "by: there are user, service"),
        ({"by": "user", "sort": "id"}, "there is no parameter 'sort'"),
        ({"by": "user", "state": "bust"}, "state: 'bust' is no state"),
    ],
)
def test_a_mistake_is_named(server: RunningServer, query: dict[str, str], named: str) -> None:
    answer = server.http.get("/api/v1/jobs/groups", params=query)

    assert answer.status_code == 400
    assert named in answer.text
