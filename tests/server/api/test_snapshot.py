"""Everything that a dashboard shows, in one answer."""

import msgspec

from joborch.wire.jobs import JobPage
from joborch.wire.snapshot import COLUMNS, Snapshot
from tests.server.api.test_events import following
from tests.support.hand_agent import submit
from tests.support.server import RunningServer


def asked(server: RunningServer, **query: int) -> Snapshot:
    answer = server.http.get("/api/v1/snapshot", params=query).raise_for_status()
    return msgspec.json.decode(answer.content, type=Snapshot)


def test_its_rows_are_the_jobs_as_they_are_listed(server: RunningServer) -> None:
    for user in ("ann", "bob"):
        submit(server.http, user_id=user, hold="yes")

    shown = asked(server)

    listed = server.http.get("/api/v1/jobs?limit=1000").content
    assert shown.jobs() == msgspec.json.decode(listed, type=JobPage).items
    assert shown.columns == COLUMNS
    assert {one.user_id for one in shown.usage} >= {"ann", "bob"}
    assert "example" in {one.name for one in shown.services}


def test_events_go_on_from_it_without_a_gap(server: RunningServer) -> None:
    before = submit(server.http, user_id="ann", hold="yes")
    shown = asked(server)
    later = submit(server.http, user_id="ann", hold="yes")

    with following(server, after=shown.seq) as events:
        kind, first = next(events)

    assert (kind, first["seq"], first["job_id"]) == ("job", shown.seq + 1, later)
    assert shown.jobs()[0].id == before


def test_of_those_that_have_ended_it_has_as_many_as_are_asked_for(server: RunningServer) -> None:
    jobs = [submit(server.http, user_id="eve", hold="yes") for _ in range(3)]
    for job_id in jobs:
        server.http.post(f"/api/v1/jobs/{job_id}/cancel").raise_for_status()

    ended = [job.id for job in asked(server, ended=2).jobs() if job.state == "cancelled"]

    assert ended == jobs[:0:-1]
    assert "cancelled" not in {job.state for job in asked(server, ended=0).jobs()}


def test_what_it_cannot_be_asked_is_refused(server: RunningServer) -> None:
    for query in ("ended=-1", "ended=many", "user=ann"):
        assert server.http.get(f"/api/v1/snapshot?{query}").status_code == 400
