from datetime import timedelta

from joborch.cli.headway import Headway
from joborch.domain.states import TERMINAL, JobState
from joborch.wire.jobs import JobView
from tests.support.views import NOON, a_job_view

QUEUED, RUNNING = JobState.QUEUED, JobState.RUNNING
COMPLETED, FAILED = JobState.COMPLETED, JobState.FAILED


class Waited:
    """A wait for the jobs 1 to 20 of batch b-31, on a clock that is moved by hand."""

    def __init__(self, *, ends_with_first: bool = False, **of_the_last: object) -> None:
        self.now_s = 0.0
        self.headway = Headway(
            range(1, 21),
            until=TERMINAL,
            ends_with_first=ends_with_first,
            clock=lambda: self.now_s,
        )
        for job_id in range(1, 20):
            self.headway.note(a_job(job_id, COMPLETED if job_id <= 4 else QUEUED))
        self.headway.note(a_job(20, QUEUED, **of_the_last))

    def after(self, seconds: float, *jobs: JobView) -> Headway:
        self.now_s += seconds
        for job in jobs:
            self.headway.note(job)
        return self.headway


def a_job(job_id: int, state: JobState, **facts: object) -> JobView:
    return a_job_view(job_id, state, batch="b-31", array_index=job_id, **facts)


def completed(first: int, last: int) -> list[JobView]:
    return [a_job(job_id, COMPLETED) for job_id in range(first, last + 1)]


def test_a_bar_counts_what_is_done_what_runs_and_what_went_wrong() -> None:
    headway = Waited().after(60, a_job(5, RUNNING), a_job(6, RUNNING), a_job(7, FAILED))

    assert headway.bar() == "b-31 ██░░░░░░░░ 5/20 · 2▶ · 1✗"


def test_what_ended_since_the_wait_began_says_when_the_rest_will() -> None:
    headway = Waited().after(600, *completed(5, 12))

    assert headway.bar() == "b-31 ██████░░░░ 12/20 · ETA 10m ±9m"
    assert headway.words() == "12 completed, 8 queued · ETA 10m ±9m"


def test_while_nothing_ends_the_end_moves_away() -> None:
    waited = Waited()
    waited.after(600, *completed(5, 12))

    assert waited.after(600).bar().endswith("ETA 20m ±18m")


def test_what_had_ended_before_the_wait_says_nothing_of_its_pace() -> None:
    headway = Waited().after(600, *completed(5, 8))

    assert headway.settled == 8
    assert headway.eta is None


def test_when_all_have_ended_there_is_nothing_to_expect() -> None:
    assert Waited().after(600, *completed(5, 20)).bar() == "b-31 ██████████ 20/20"


def test_of_a_job_that_is_held_or_put_off_nobody_knows_the_end() -> None:
    held = Waited(held_at=NOON).after(600, *completed(5, 12))
    put_off = Waited(not_before=NOON + timedelta(days=9)).after(600, *completed(5, 12))

    assert (held.eta, put_off.eta) == (None, None)


def test_waiting_for_the_first_to_end_has_no_pace() -> None:
    assert Waited(ends_with_first=True).after(600, *completed(5, 12)).eta is None


def test_until_every_job_was_heard_of_nothing_is_estimated() -> None:
    now_s = iter(range(0, 6000, 60))
    headway = Headway(range(1, 21), until=TERMINAL, clock=lambda: next(now_s))
    for job in completed(1, 19):
        headway.note(job)

    assert (headway.is_complete, headway.eta) == (False, None)


def test_jobs_of_no_batch_are_called_by_their_numbers_if_those_are_short() -> None:
    few = Headway([7, 8, 9], until=TERMINAL)
    many = Headway(range(1, 100, 2), until=TERMINAL)
    few.note(a_job_view(7))
    many.note(a_job_view(1))

    assert few.bar() == "7-9 ░░░░░░░░░░ 0/3"
    assert many.bar() == "░░░░░░░░░░ 0/50"
