"""Why jobs wait: what the picture tells, what the server is asked, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from joborch.domain.states import JobState
from joborch.tui.formatting import UNICODE
from joborch.tui.picture import Picture
from joborch.tui.whereabouts import in_common, is_open, where_or_why
from joborch.wire.jobs import JobView
from joborch.wire.services import PauseView
from tests.support.views import NOON, a_job_view
from tests.tui.a_site import a_busy_source, a_service
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play


def a_picture(*jobs: JobView, is_paused: bool = False, **but: int) -> Picture:
    service = a_service("example", **but)
    service.paused = PauseView(at=NOON, by="eve") if is_paused else None
    picture = Picture(usage=a_busy_source().usage_views, services=[service], as_of=NOON)
    picture.replace({job.id: job for job in jobs})
    return picture


@pytest.mark.parametrize(
    ("job", "service", "expected"),
    [
        ({"user_id": "ann"}, {}, "quota 5/5 · #2"),
        ({"user_id": "ann", "priority": 60}, {}, "quota 5/5 · next"),
        ({"user_id": "bob"}, {"active": 6, "most": 6}, "service 6/6 · #2"),
        ({"user_id": "bob"}, {"agents": 0}, "no agent up"),
        ({"user_id": "bob"}, {"is_paused": True}, "service paused"),
        ({"user_id": "ann"}, {"is_paused": True}, "service paused"),
        ({"user_id": "bob"}, {"active": 12}, "in line · #2"),
        ({"user_id": "bob", "held_at": NOON}, {}, "held"),
        ({"user_id": "bob", "held_at": NOON, "hold_actor": "user:ann"}, {}, "held by ann"),
        ({"user_id": "bob", "after": [7], "after_count": 1}, {}, "after 7"),
    ],
)
def test_what_keeps_a_job_is_told_with_numbers_and_its_place(
    job: dict[str, Any], service: dict[str, Any], expected: str
) -> None:
    waits = a_job_view(2, **job)
    others = (a_job_view(1, user_id="ann"), a_job_view(3, user_id="bob", priority=60))
    picture = a_picture(waits, *others, **service)
    assert where_or_why(waits, picture, UNICODE) == expected


def test_what_the_picture_cannot_know_is_the_servers_to_say() -> None:
    waits = a_job_view(2, user_id="bob")
    picture = a_picture(waits)
    assert is_open(waits, picture)
    picture.reasons = {2: "agent_full"}
    assert where_or_why(waits, picture, UNICODE) == "agents full · #1"


def test_of_a_job_of_a_batch_it_is_said_to_be_next_only_once_the_server_was_asked() -> None:
    waits = a_job_view(2, user_id="ann", batch="b-3")
    picture = a_picture(waits)
    assert is_open(waits, picture)
    assert where_or_why(waits, picture, UNICODE) == "quota 5/5 · #1"
    picture.reasons = {2: "quota_user"}
    assert where_or_why(waits, picture, UNICODE) == "quota 5/5 · next"
    picture.reasons = {2: "batch_limit"}
    assert where_or_why(waits, picture, UNICODE) == "batch full · #1"


def test_what_one_server_said_is_not_said_of_the_jobs_of_another() -> None:
    picture = a_picture(a_job_view(2, user_id="bob"), a_job_view(3, user_id="bob"))
    picture.reasons = {2: "no_agent", 3: "agent_full"}
    picture.replace({2: a_job_view(2, user_id="cem"), 3: a_job_view(3, user_id="bob")})
    assert picture.reasons == {3: "agent_full"}


def test_what_the_server_said_is_forgotten_once_the_job_has_changed() -> None:
    picture = a_picture(a_job_view(2, user_id="bob"))
    picture.reasons = {2: "no_agent"}
    picture.put([a_job_view(2, user_id="bob", priority=60)])
    assert picture.reasons == {}


def test_jobs_that_the_same_thing_keeps_have_it_in_common() -> None:
    waits = a_job_view(2), a_job_view(3)
    picture = a_picture(*waits)
    assert {in_common(job, picture) for job in waits} == {"in line"}


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ({"user_id": "ann"}, "quota full"),
        ({"after": [7], "after_count": 1}, "after other jobs"),
        ({"held_at": NOON}, "held"),
    ],
)
def test_what_is_in_common_has_no_number_that_changes(job: dict[str, Any], expected: str) -> None:
    waits = a_job_view(2, **job)
    assert in_common(waits, a_picture(waits)) == expected


def test_what_has_ended_alike_has_that_in_common_wherever_it_was() -> None:
    failed = a_job_view(2, JobState.FAILED, exit_code=1, agent="compute-1")
    assert in_common(failed, a_picture(failed)) == "exit 1"


def a_crowd() -> ScriptedSource:
    """Bob's jobs, which no quota keeps, and one that has ended."""
    source = ScriptedSource(
        *(a_job_view(number, user_id="bob") for number in range(1, 41)),
        a_job_view(41, JobState.FAILED),
    )
    source.service_views = [a_service("example", agents=3, slots=12)]
    return source


def test_the_server_is_asked_about_the_rows_on_the_screen_in_one_question() -> None:
    source = a_crowd()
    source.reasons = dict.fromkeys(range(1, 41), "agent_full")

    async def story(stage: Stage) -> None:
        await stage.sees("agents full · #1", "agents full · #9")
        assert len(source.asked_why) == 1
        assert set(source.asked_why[0]) <= set(range(1, 25))

    play(story, source)


def test_a_server_that_cannot_be_asked_leaves_it_at_the_places() -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("in line · #1", "in line · #9")

    play(story, a_crowd())


def test_a_moment_that_is_not_today_is_told_with_its_day() -> None:
    waits = a_job_view(2, user_id="bob", not_before=NOON + timedelta(days=3))
    day = f"{(NOON + timedelta(days=3)).astimezone():%m-%d %H:%M}"
    assert where_or_why(waits, a_picture(waits), UNICODE) == f"not before {day}"
