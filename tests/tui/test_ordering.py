from joborch.domain.states import JobState
from joborch.tui.ordering import Order
from tests.support.views import NOON, a_job_view

JOBS = [
    a_job_view(1, JobState.RUNNING),
    a_job_view(2, JobState.QUEUED),
    a_job_view(3, JobState.QUEUED, held_at=NOON),
    a_job_view(4, JobState.FAILED),
]


def test_by_state_what_runs_comes_first_and_what_has_ended_last() -> None:
    assert Order("state").sorted(JOBS) == [1, 2, 3, 4]
    assert Order("state", is_reversed=True).sorted(JOBS) == [4, 3, 2, 1]


def test_the_same_column_again_turns_the_order_round() -> None:
    assert Order("id").then("id") == Order("id", is_reversed=True)
    assert Order("id", is_reversed=True).then("name") == Order("name")
