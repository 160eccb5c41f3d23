from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from joborch.client import CancelJobs, HoldJobs, JobChanges, RetryJobs, SetJobs
from joborch.domain.errors import JoborchError, PayloadGoneError, WrongStateError
from joborch.domain.states import JobState
from joborch.wire.actions import ActionResult, ActionResults
from tests.client.conftest import Ask
from tests.support.stub_server import Answer, Heard, StubServer, refuses, says
from tests.support.views import a_job_view

ACTIONS = "POST /api/v1/jobs/actions"
OVERLOADED = Answer(status=503)


def echoes(heard: Heard) -> Answer:
    """A server that does whatever it is asked."""
    asked = msgspec.json.decode(heard.body)
    results = [ActionResult(id=job_id, ok=True, state="queued") for job_id in asked["ids"]]
    return says(ActionResults(action=asked["action"], results=results))


def body_of(heard: Heard) -> Any:
    return msgspec.json.decode(heard.body)


@pytest.mark.parametrize("verb", ["hold", "release"])
def test_a_job_is_held_and_released_however_often_it_takes(
    stub: StubServer, ask: Ask, verb: str
) -> None:
    stub.on(f"POST /api/v1/jobs/42/{verb}", OVERLOADED, says(a_job_view(42)))

    job = ask(lambda server: server.hold(42) if verb == "hold" else server.release(42))

    assert (job.id, len(stub.heard)) == (42, 2)


def test_only_what_is_to_change_is_sent(stub: StubServer, ask: Ask) -> None:
    stub.on("PATCH /api/v1/jobs/42", says(a_job_view(42)))
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)

    ask(lambda server: server.amend(42, JobChanges(priority=80, tags={"run": None})))
    ask(lambda server: server.amend(42, JobChanges(time_limit_s=None, not_before=noon)))

    assert [body_of(heard) for heard in stub.heard] == [
        {"priority": 80, "tags": {"run": None}},
        {"time_limit_s": None, "not_before": "2030-01-01T12:00:00Z"},
    ]


def test_a_retry_has_a_key_so_that_it_can_be_repeated(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/jobs/42/retry", OVERLOADED, says(a_job_view(43), status=201))

    job = ask(lambda server: server.retry(42, completed=True, priority=7))

    first, second = stub.heard
    assert job.id == 43
    assert body_of(first) == {"completed": True, "priority": 7}
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] != ""


def test_a_key_of_ones_own_is_kept(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/jobs/42/retry", says(a_job_view(43)))
    stub.on(ACTIONS, echoes)

    ask(lambda server: server.retry(42, key="mine"))
    ask(lambda server: server.act(RetryJobs(ids=[1]), key="mine"))

    assert [heard.headers["idempotency-key"] for heard in stub.heard] == ["mine", "mine"]


def test_every_action_says_who_asks(stub: StubServer, ask: Ask) -> None:
    one = says(a_job_view(42))
    for verb in ("cancel", "hold", "release", "retry"):
        stub.on(f"POST /api/v1/jobs/42/{verb}", one)
    stub.on("PATCH /api/v1/jobs/42", one)
    stub.on(ACTIONS, echoes)

    ask(lambda server: server.cancel(42, by="ann"))
    ask(lambda server: server.hold(42, by="ann"))
    ask(lambda server: server.release(42, by="ann"))
    ask(lambda server: server.retry(42, by="ann"))
    ask(lambda server: server.amend(42, JobChanges(priority=1), by="ann"))
    ask(lambda server: server.act(HoldJobs(ids=[42]), by="ann"))

    assert [heard.query["by"] for heard in stub.heard] == ["ann"] * 6


def test_a_refusal_is_the_same_error_again(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/jobs/42/retry", refuses(PayloadGoneError(42)))
    stub.on("POST /api/v1/jobs/42/hold", refuses(WrongStateError(42, "running", "hold")))

    with pytest.raises(PayloadGoneError, match="files were removed"):
        ask(lambda server: server.retry(42))
    with pytest.raises(WrongStateError, match="running"):
        ask(lambda server: server.hold(42))


def test_many_jobs_are_asked_for_in_one_request(stub: StubServer, ask: Ask) -> None:
    stub.on(ACTIONS, OVERLOADED, echoes)

    results = ask(
        lambda server: server.act(SetJobs(ids=[1, 2, 1], changes=JobChanges(priority=80)))
    )

    assert [each.id for each in results] == [1, 2]
    assert body_of(stub.heard[-1]) == {
        "action": "set",
        "ids": [1, 2],
        "changes": {"priority": 80},
    }


def test_more_than_a_thousand_go_in_portions(stub: StubServer, ask: Ask) -> None:
    stub.on(ACTIONS, echoes)

    results = ask(lambda server: server.act(HoldJobs(ids=[*range(1, 2502)])))

    assert [each.id for each in results] == [*range(1, 2502)]
    assert [len(body_of(heard)["ids"]) for heard in stub.heard] == [1000, 1000, 501]


def test_the_newest_are_cancelled_first_and_told_in_the_order_of_their_naming(
    stub: StubServer, ask: Ask
) -> None:
    # What waits for others is newer than they: their end would cancel it before its turn.
    stub.on(ACTIONS, echoes)

    results = ask(lambda server: server.act(CancelJobs(ids=[*range(1, 1502)])))

    assert [each.id for each in results] == [*range(1, 1502)]
    portions = [body_of(heard)["ids"] for heard in stub.heard]
    assert [(ids[0], ids[-1]) for ids in portions] == [(1501, 502), (501, 1)]


def test_a_cancel_of_many_is_not_repeated(stub: StubServer, ask: Ask) -> None:
    # What the first one ended, the second would be refused.
    stub.on(ACTIONS, Answer(status=503), echoes)

    with pytest.raises(JoborchError, match="503"):
        ask(lambda server: server.act(CancelJobs(ids=[1])))

    assert len(stub.heard) == 1


def test_one_job_is_cancelled_as_ever(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/jobs/42/cancel", says(a_job_view(42, JobState.CANCELLED)))

    assert ask(lambda server: server.cancel(42, reason="a typo")).state == "cancelled"
    assert body_of(stub.heard[0]) == {"reason": "a typo", "grace_s": None}
