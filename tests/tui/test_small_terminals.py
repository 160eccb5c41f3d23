"""A terminal that is too small for the screens, and questions on one that is just large enough."""

import pytest

from joborch.domain.states import JobState
from joborch.tui.look import Confirm
from tests.support.views import a_job_view
from tests.support.waiting import async_wait_until
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play

QUEUED = JobState.QUEUED
LEAST, TOO_SMALL, USUAL = (60, 15), (50, 10), (80, 24)
NEEDS = "The terminal is 50x10; it needs 60x15"


def jobs_of(*users: str) -> ScriptedSource:
    return ScriptedSource(*(a_job_view(i, QUEUED, user_id=u) for i, u in enumerate(users, 1)))


async def is_asked_where_nothing_can_be_read(stage: Stage) -> None:
    """Ask for a number, and make the terminal too small for the question."""
    await stage.press("j", "x")
    await stage.sees("Type 1")
    await stage.pilot.resize_terminal(*TOO_SMALL)
    await stage.sees(NEEDS)


@pytest.mark.parametrize("key", ["H", "x", "R", "p", "plus"])
def test_on_a_terminal_that_is_too_small_no_key_changes_anything_and_that_is_told(key: str) -> None:
    source = jobs_of("ann", "ann")

    async def story(stage: Stage) -> None:
        await stage.press("j")
        await stage.pilot.resize_terminal(*TOO_SMALL)
        await stage.sees(NEEDS, "nothing is changed")
        await stage.press(key)
        await stage.is_told("the terminal is too small: nothing was sent")
        await stage.press("y")
        assert source.acted == []
        assert len(stage.app.screen_stack) == 1

    play(story, source, confirm=Confirm.NEVER)


def test_nothing_is_drained_nor_paused_there_and_changes_are_not_allowed() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press("3")
        await stage.pilot.resize_terminal(*TOO_SMALL)
        await stage.press("D")
        await stage.is_told("the terminal is too small: nothing was sent")
        assert len(stage.app.screen_stack) == 1
        assert source.drained == []

    play(story, source)


def test_a_question_is_not_answered_with_yes_where_it_cannot_be_read() -> None:
    source = jobs_of("ann")

    async def story(stage: Stage) -> None:
        await stage.press("j", "x")
        await stage.sees("Cancel 1 job?")
        await stage.pilot.resize_terminal(*TOO_SMALL)
        await stage.sees(NEEDS, "Esc: Leave it.")
        await stage.press("y")
        await stage.is_told("the terminal is too small: nothing was sent")
        assert source.acted == []
        await stage.pilot.resize_terminal(*USUAL)
        await stage.sees("This cannot be")
        await stage.press("y")
        await stage.sees("cancelled 1 job")

    play(story, source)


def test_a_number_cannot_be_typed_where_the_question_cannot_be_read() -> None:
    source = jobs_of("bob")

    async def story(stage: Stage) -> None:
        await is_asked_where_nothing_can_be_read(stage)
        await stage.press("1")
        await stage.pilot.resize_terminal(*USUAL)
        await stage.sees("Type 1")
        await stage.press("1", "enter")
        await stage.sees("cancelled 1 job")

    play(story, source)


def test_a_question_that_cannot_be_read_can_be_left() -> None:
    source = jobs_of("bob")

    async def story(stage: Stage) -> None:
        await is_asked_where_nothing_can_be_read(stage)
        await stage.press("escape")
        await async_wait_until(lambda: len(stage.app.screen_stack) == 1)
        assert source.acted == []

    play(story, source)


@pytest.mark.parametrize("size", [LEAST, (80, 24), (200, 15)], ids=str)
@pytest.mark.parametrize(
    "users",
    [["bob"] * 19, [f"user-{i:02}" for i in range(30)], [f"{'u' * 120}-{i}" for i in range(21)]],
    ids=["one", "many", "long"],
)
def test_what_is_done_whose_jobs_they_are_and_how_to_answer_is_to_be_seen(
    users: list[str], size: tuple[int, int]
) -> None:
    source, number = jobs_of(*users), len(users)

    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "x")
        await stage.sees(f"Cancel {number} jobs?", "Not yours: they belong to ")
        await stage.sees("cannot be", "undone.", f"Type {number}: Cancel {number} jobs. Esc")
        await stage.press(*"77")
        await stage.sees("│  77 ")

    play(story, source, size=size)


def test_at_least_some_of_the_jobs_are_listed_and_how_many_more_there_are() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "x")
        await stage.sees("│       1  dock", "and 16 more")
        listed = [line for line in stage.frame.splitlines() if "  dock  " in line and "│" in line]
        assert len(listed) == 3

    play(story, jobs_of(*["bob"] * 19), size=LEAST)


def test_a_jobs_line_ends_with_a_sign_where_there_is_no_room_for_it() -> None:
    job = a_job_view(1, JobState.RUNNING, agent="compute-with-a-long-name")

    async def story(stage: Stage) -> None:
        await stage.press("j", "x")
        await stage.sees("│       1  dock               running   compute-with-…  │")
        await stage.sees("[ n  Leave it ]      y  Cancel 1 job")

    play(story, ScriptedSource(job), size=LEAST, user_id="1")
