import pytest

from joborch.domain.states import JobState
from joborch.tui.filters import parse_filter
from joborch.tui.ordering import Order
from tests.support.views import NOON, a_job_view

JOBS = [
    a_job_view(1, JobState.RUNNING, user_id="ann", name="dock-1", batch="b-3", array_index=1),
    a_job_view(2, JobState.QUEUED, user_id="bob", name="dock-2", batch="b-3", array_index=2),
    a_job_view(3, JobState.QUEUED, user_id="ann", name="energies", held_at=NOON),
    a_job_view(4, JobState.FAILED, user_id="cem", service="hello", tags={"run": "night"}),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [1, 2, 3, 4]),
        ("2", [2]),
        ("2-3", [2, 3]),
        ("1,4", [1, 4]),
        ("b-3", [1, 2]),
        ("b-3[2]", [2]),
        ("@failed", [4]),
        ("state:active", [1, 2, 3]),
        ("state:queued,failed", [2, 3, 4]),
        ("state:held", [3]),
        ("user:me", [1, 3]),
        ("user:bob,cem", [2, 4]),
        ("svc:hello", [4]),
        ("service:hello", [4]),
        ("agent:compute-1 !@failed", [1]),
        ("name:dock-*", [1, 2]),
        ("DOCK-", [1, 2]),
        ("tag:run", [4]),
        ("tag:run=night", [4]),
        ("tag:run=day", []),
        ("batch:b-3 user:bob", [2]),
        ("!dock", [3]),
    ],
)
def test_what_passes_a_filter(text: str, expected: list[int]) -> None:
    passes = parse_filter(text, me="ann")
    assert [job.id for job in JOBS if passes(job)] == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("stat:x", "stat: is no condition"),
        ("user:", "user: of what?"),
        ("state:odd", "'odd' is no state"),
        ("@odd", "'odd' is no state"),
        ("3-1", "no selection of jobs"),
    ],
)
def test_a_filter_that_is_none_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_filter(text, me="ann")
    assert reason in str(refused.value)


def test_by_state_what_runs_comes_first_and_what_has_ended_last() -> None:
    assert Order("state").sorted(JOBS) == [1, 2, 3, 4]
    assert Order("state", is_reversed=True).sorted(JOBS) == [4, 3, 2, 1]


def test_the_same_column_again_turns_the_order_round() -> None:
    assert Order("id").then("id") == Order("id", is_reversed=True)
    assert Order("id", is_reversed=True).then("name") == Order("name")
