import json
import re
from typing import Any

import pytest

from joborch.cli.explain import in_brief
from joborch.wire.jobs import Explanation, Explanations
from joborch.wire.statistics import Estimate
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, says
from tests.support.views import a_job_view, a_page

TEN_MINUTES = Estimate(expected_s=600, low_s=300, high_s=900)


def an_explanation(job_id: int = 42, **changes: Any) -> Explanation:
    facts: dict[str, Any] = {
        "job_id": job_id,
        "state": "queued",
        "reason": "quota_user",
        "message": "your quota is full",
        "user_active": 5,
        "user_limit": 5,
        "service_active": 5,
        "service_limit": 10,
        "position": 3,
        "ahead": 41,
        "held_by": [37, 38, 39],
        "agents": 3,
        "free_slots": 7,
        "holders": [37, 38, 39],
    }
    return Explanation(**facts | changes)


def explains(stub: StubServer, *explanations: Explanation) -> None:
    for each in explanations:
        stub.on(f"GET /api/v1/jobs/{each.job_id}", says(a_job_view(each.job_id)))
        stub.on(f"GET /api/v1/jobs/{each.job_id}/explain", says(each))
    stub.on("GET /api/v1/explanations", says(Explanations(items=[*explanations])))


def test_why_until_when_and_what_would_help(stub: StubServer, joborch: Run) -> None:
    remedies = ["wait for one of 37-39", "start an agent: joborch agent --server URL -s x"]
    explains(stub, an_explanation(estimate=TEN_MINUTES, remedies=remedies))

    lines = joborch("explain", "42", "--utc").out.splitlines()

    assert re.fullmatch(r"42  waiting \w+: your quota is full", lines[0])
    assert lines[1:5] == [
        "      user: 5 of 5 slots, held by 37-39",
        "      service: 5 active, of 10",
        "      agents: 3 up, 7 slots free",
        "      place: third in the user's line, 41 jobs ahead in all",
    ]
    assert re.fullmatch(r"      start: about .*\d\d:\d\d UTC, in 10m \(.* to .*\)", lines[5])
    assert lines[6:] == [
        "      sooner: wait for one of 37-39",
        f"              start an agent: joborch agent --server {stub.url} -s x",
    ]


def test_one_slot_is_no_slots(stub: StubServer, joborch: Run) -> None:
    explains(stub, an_explanation(agents=1, free_slots=1))

    assert "      agents: 1 up, 1 slot free\n" in joborch("explain", "42").out


def test_that_nothing_can_be_said_is_said(stub: StubServer, joborch: Run) -> None:
    reason = "fewer than 5 jobs of example have run"
    explains(stub, an_explanation(estimate_reason=reason))

    done = joborch("explain", "42")

    assert f"      start: no estimate: {reason}\n" in done.out


def test_who_holds_what_it_waits_for_is_named(stub: StubServer, joborch: Run) -> None:
    explains(stub, an_explanation(reason="agent_full", holders=[1, 2, 3, 7]))

    done = joborch("explain", "42")

    assert "      waits for: one of 1-3,7 to end\n" in done.out


def test_a_job_that_does_not_wait_is_told_in_one_line(stub: StubServer, joborch: Run) -> None:
    explains(stub, an_explanation(state="running", reason=None, message="running for 3s"))

    assert joborch("explain", "42").out == "42  running for 3s\n"


def test_one_job_is_one_document_and_several_are_a_list(stub: StubServer, joborch: Run) -> None:
    explains(stub, an_explanation(42, estimate=TEN_MINUTES), an_explanation(43))

    one = json.loads(joborch("explain", "42", "--json").out)
    both = json.loads(joborch("explain", "42", "43", "--json").out)

    assert (one["schema"], one["estimate"]["low_s"]) == ("joborch.explain/1", 300)
    assert both["schema"] == "joborch.explanations/1"
    assert [item["job_id"] for item in both["items"]] == [42, 43]


def test_several_jobs_are_explained_in_one_answer(stub: StubServer, joborch: Run) -> None:
    explains(stub, an_explanation(42, position=1), an_explanation(43, position=2))

    assert joborch("explain", "42", "43").code == 0
    assert stub.paths()[-1] == "GET /api/v1/explanations"
    assert stub.heard[-1].query["id"] == "42,43"


def test_several_jobs_are_rows_where_that_is_asked_for(stub: StubServer, joborch: Run) -> None:
    explains(stub, an_explanation(42, estimate=TEN_MINUTES), an_explanation(43))

    done = joborch("explain", "42", "43", "--format", "tsv")

    assert done.out.splitlines() == [
        "id\tstate\treason\tposition\texpected_s\tlow_s\thigh_s\tmessage",
        "42\tqueued\tquota_user\t3\t600.0\t300.0\t900.0\tyour quota is full",
        "43\tqueued\tquota_user\t3\t\t\t\tyour quota is full",
    ]
    assert joborch("explain", "42", "43", "-q").out == "42\n43\n"


def test_what_a_server_says_cannot_move_the_cursor(stub: StubServer, joborch: Run) -> None:
    explains(stub, an_explanation(message="a\x1b[2Jb", remedies=["c\x1b]0;d\x07"]))

    assert "\x1b" not in joborch("explain", "42").out


def test_an_older_server_says_nothing_of_the_future(stub: StubServer, joborch: Run) -> None:
    known = {
        name: getattr(an_explanation(), name)
        for name in an_explanation().__struct_fields__
        if name not in {"estimate", "estimate_reason", "holders", "remedies"}
    }
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42)))
    stub.on("GET /api/v1/jobs/42/explain", says(known))

    done = joborch("explain", "42")

    assert (done.code, "start" in done.out, "place: third" in done.out) == (0, False, True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "quota 5/5 · #3"),
        ({"position": 1}, "quota 5/5 · next"),
        ({"user_active": 4}, "in line · #3"),
        ({"reason": "quota_service", "service_active": 10}, "service 10/10 · #3"),
        ({"reason": "agent_full", "position": 2}, "agents full · #2"),
        ({"reason": "agent_full", "position": 1}, "agents full · #1"),
        ({"reason": "next", "position": 1}, "starting"),
        ({"reason": "batch_limit"}, "batch full · #3"),
        ({"reason": "no_agent"}, "no agent for it"),
        ({"reason": "no_agent", "agents": 0}, "no agent up"),
        ({"reason": "service_paused"}, "service paused"),
        ({"reason": "held", "position": None, "message": "held until"}, "held until"),
    ],
)
def test_in_a_cell_the_reason_is_brief(changes: dict[str, Any], words: str) -> None:
    assert in_brief(an_explanation(**changes)) == words


def test_a_list_says_why_where_that_is_asked_for(stub: StubServer, joborch: Run) -> None:
    explains(stub, an_explanation(42))
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(42))))

    done = joborch("status", "--state", "queued", "--why", "--fields", "id,why")

    assert done.out == "id\twhy\n42\tquota 5/5 · #3\n"
