"""Which place a job has in its line, by the server's rule, while jobs come, change and go."""

from datetime import timedelta
from typing import Any

import pytest

from joborch.domain.states import JobState
from joborch.tui.picture import Picture
from joborch.wire.jobs import JobView
from tests.support.views import NOON, a_job_view


def a_picture(*jobs: JobView) -> Picture:
    picture = Picture(as_of=NOON)
    picture.replace({job.id: job for job in jobs})
    return picture


def places(picture: Picture) -> dict[int, int | None]:
    return {job.id: picture.place_of(job) for job in picture.jobs.values()}


def test_a_line_is_one_users_for_one_service_by_priority_and_then_by_age() -> None:
    picture = a_picture(
        a_job_view(3),
        a_job_view(2),
        a_job_view(4, priority=80),
        a_job_view(5, user_id="bob"),
        a_job_view(6, service="haddock"),
    )
    assert places(picture) == {4: 1, 2: 2, 3: 3, 5: 1, 6: 1}


@pytest.mark.parametrize(
    "away",
    [
        {"held_at": NOON},
        {"after": [1], "after_count": 1},
        {"not_before": NOON + timedelta(seconds=1)},
        {"state": JobState.RUNNING},
    ],
)
def test_who_stands_in_no_line_is_in_nobodys_way(away: dict[str, Any]) -> None:
    picture = a_picture(a_job_view(2, **away), a_job_view(3))
    assert places(picture) == {2: None, 3: 1}


def test_whose_time_has_come_stands_where_he_belongs() -> None:
    picture = a_picture(a_job_view(2, not_before=NOON + timedelta(minutes=1)), a_job_view(3))
    picture.as_of = NOON + timedelta(minutes=1)
    assert places(picture) == {2: 1, 3: 2}


def test_everybody_moves_up_when_a_job_starts_and_back_when_it_returns() -> None:
    picture = a_picture(a_job_view(1), a_job_view(2), a_job_view(3))
    picture.put([a_job_view(1, JobState.ASSIGNED)])
    assert places(picture) == {1: None, 2: 1, 3: 2}
    picture.put([a_job_view(1)])
    assert places(picture) == {1: 1, 2: 2, 3: 3}


def test_a_priority_that_changes_changes_the_place() -> None:
    picture = a_picture(a_job_view(1), a_job_view(2))
    picture.put([a_job_view(2, priority=51)])
    assert places(picture) == {1: 2, 2: 1}


def test_a_job_that_waits_for_another_time_is_let_in_only_then() -> None:
    picture = a_picture(a_job_view(1, not_before=NOON + timedelta(minutes=1)), a_job_view(2))
    picture.put([a_job_view(1, not_before=NOON + timedelta(minutes=3))])
    picture.as_of = NOON + timedelta(minutes=2)
    assert places(picture) == {1: None, 2: 1}


def test_no_place_is_told_before_all_jobs_are_listed() -> None:
    picture = Picture(as_of=NOON)
    picture.put([a_job_view(2)])
    assert places(picture) == {2: None}


def test_a_job_that_is_gone_is_in_nobodys_way() -> None:
    picture = a_picture(a_job_view(1), a_job_view(2))
    picture.turn({1: None})
    assert places(picture) == {2: 1}
