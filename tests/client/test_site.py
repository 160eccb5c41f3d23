from joborch.client import JobQuery
from joborch.domain.states import JobState
from joborch.wire.events import EventPage
from joborch.wire.groups import JobGroups
from tests.client.conftest import Ask
from tests.support.stub_server import Answer, StubServer, says
from tests.support.views import an_event


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
