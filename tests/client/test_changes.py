"""Changes of a job, in words."""

from msgspec.structs import replace

from joborch.client.changes import changes, facts_of
from joborch.domain.states import JobState
from tests.support.views import an_event


def test_old_and_new_values_are_told_in_words() -> None:
    detail = {
        "priority": {"old": 50, "new": 77},
        "time_limit_s": {"old": None, "new": 90},
        "tags": {"old": {"a": "b"}, "new": {}},
    }
    assert changes(detail) == "priority 50 → 77, time limit none → 1m30s, tags a=b → none"
    assert changes({"name": {"old": "a", "new": "b"}}, arrow="->") == "name a -> b"


def test_of_a_change_an_event_tells_old_and_new_and_else_its_facts() -> None:
    detail = {"priority": {"old": 50, "new": 77}}
    event = an_event(7, JobState.QUEUED)
    assert facts_of(replace(event, event="changed", detail=detail)) == "priority 50 → 77"
    assert facts_of(replace(event, event="retried", detail={"job": 8})) == "job=8"
