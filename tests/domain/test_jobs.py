from datetime import timedelta

import pytest

from joborch.domain.states import TRANSITIONS, ImpossibleMoveError, JobEvent, JobState
from tests.support.builders import NOON, a_job

LATER = NOON + timedelta(minutes=3)


def test_a_move_is_a_value_and_leaves_the_job_as_it_was() -> None:
    job = a_job(state=JobState.RUNNING, agent_id="a-1", attempt=1)
    change = job.after(JobEvent.FAIL, at=LATER, note="exit status 3")
    assert job.state is JobState.RUNNING
    assert change.after.state is JobState.FAILED
    assert change.after.finished_at == LATER
    assert change.after.reason == "exit status 3"


def test_an_impossible_move_is_refused() -> None:
    with pytest.raises(ImpossibleMoveError, match="completed cannot cancel"):
        a_job(state=JobState.COMPLETED, finished_at=NOON).after(JobEvent.CANCEL, at=LATER)


def test_going_back_to_the_queue_frees_the_agent_and_counts_a_loss() -> None:
    job = a_job(state=JobState.RUNNING, agent_id="a-1", attempt=2, losses=1, started_at=NOON)
    change = job.after(JobEvent.REQUEUE, at=LATER)
    assert (change.after.agent_id, change.after.started_at) == (None, None)
    assert change.after.losses == 2
    assert change.frees_slot


@pytest.mark.parametrize(("source", "event"), [move for move in TRANSITIONS if move[0]])
def test_after_every_move_times_and_holder_fit_the_state(source: JobState, event: JobEvent) -> None:
    job = a_job(state=source, agent_id="a-1" if source.is_active else None)
    after = job.after(event, at=LATER).after
    assert (after.finished_at is not None) == after.state.is_terminal
    assert after.state.is_active or after.agent_id is None
