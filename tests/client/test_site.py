import json

import pytest

from joborch.client import JobQuery
from joborch.domain.errors import AgentInUseError
from joborch.domain.states import JobState
from joborch.wire.events import EventPage
from joborch.wire.groups import JobGroups
from joborch.wire.services import ServiceView, UsageView
from tests.client.conftest import Ask
from tests.support.stub_server import Answer, StubServer, refuses, says
from tests.support.views import an_event

EXAMPLE = ServiceView(
    name="example",
    per_user=5,
    max=None,
    active=0,
    queued=0,
    agents=1,
    slots=4,
    time_limit_s=None,
    configured=True,
)


def test_the_past_is_asked_for_in_pages(stub: StubServer, ask: Ask) -> None:
    page = EventPage(items=[an_event(7, JobState.QUEUED, seq=3)], next="3")
    stub.on("GET /api/v1/history", Answer(status=503), says(page))

    told = ask(lambda server: server.past(before=9, limit=1, user="ann", job=7))

    assert told == page
    assert stub.heard[-1].query == {"before": "9", "limit": "1", "user": "ann", "job": "7"}


def test_jobs_are_counted_by_what_they_have_in_common(stub: StubServer, ask: Ask) -> None:
    found = JobGroups(by="signature", items=[], total=0, examined=0)
    stub.on("GET /api/v1/jobs/groups", says(found))

    told = ask(lambda server: server.groups("signature", JobQuery(user="ann", state="failed")))

    assert told == found
    assert stub.heard[-1].query == {"by": "signature", "user": "ann", "state": "failed"}


def test_a_service_is_paused_for_a_reason_and_asked_again_if_the_server_was_away(
    stub: StubServer, ask: Ask
) -> None:
    stub.on("POST /api/v1/services/example/pause", Answer(status=503), says(EXAMPLE))

    told = ask(lambda server: server.pause_service("example", "new disks", by="eve"))

    assert told == EXAMPLE
    assert json.loads(stub.heard[-1].body) == {"reason": "new disks", "by": "eve"}


def test_a_service_is_resumed(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/services/example/resume", says(EXAMPLE))

    assert ask(lambda server: server.resume_service("example")) == EXAMPLE


def test_of_a_quota_only_what_is_named_is_sent(stub: StubServer, ask: Ask) -> None:
    shown = UsageView(user_id="ann", service="example", active=0, queued=0, limit=3)
    stub.on("POST /api/v1/quotas", says(shown))

    assert ask(lambda server: server.set_quota("ann", "example", running=3)) == shown
    ask(lambda server: server.set_quota("ann", "example", queued=None, by="eve"))

    about = {"user_id": "ann", "service": "example"}
    assert [json.loads(heard.body) for heard in stub.heard] == [
        about | {"running": 3, "by": None},
        about | {"queued": None, "by": "eve"},
    ]


def test_an_agent_that_is_in_use_is_not_removed(stub: StubServer, ask: Ask) -> None:
    refused = AgentInUseError("agent compute-1 is up", hint="drain it")
    stub.on("DELETE /api/v1/agents/compute-1", refuses(refused))

    with pytest.raises(AgentInUseError, match="is up"):
        ask(lambda server: server.remove_agent("compute-1"))
