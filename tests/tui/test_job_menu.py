"""The menu of a right click."""

from datetime import timedelta
from typing import Any

import pytest

from joborch.domain.states import JobState
from joborch.tui.keymap import keymap_of
from joborch.wire.actions import HoldJobs
from tests.support.views import NOON, a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play

RUNNING, QUEUED, COMPLETED = JobState.RUNNING, JobState.QUEUED, JobState.COMPLETED
RIGHT = 3


def a_source() -> ScriptedSource:
    return ScriptedSource(
        *(a_job_view(i, QUEUED, user_id="ann", name=f"job-{i}") for i in range(1, 6)),
        a_job_view(6, COMPLETED, user_id="ann", name="job-6"),
    )


def ids_held(source: ScriptedSource) -> list[list[int]]:
    return [list(action.ids) for action in source.acted if isinstance(action, HoldJobs)]


def test_a_right_click_selects_the_job_and_shows_what_can_be_done() -> None:
    async def story(stage: Stage) -> None:
        await stage.click("job-4", button=RIGHT)
        await stage.sees("4 job-4", "open", "why it waits", "cancel", "x")
        assert stage.app.jobs.table.cursor == 4

    play(story, a_source())


def test_what_cannot_be_done_says_why_and_cannot_be_chosen() -> None:
    source = a_source()

    async def story(stage: Stage) -> None:
        await stage.click("job-6", button=RIGHT)
        await stage.sees("it has ended", "it does not wait", "it is not held", "it has not failed")
        await stage.click("it does not wait")
        await stage.sees("6 job-6")
        assert source.acted == []

    play(story, source)


def test_of_a_held_job_it_does_not_say_that_it_is_none_that_waits() -> None:
    async def story(stage: Stage) -> None:
        await stage.click("job-1", button=RIGHT)
        await stage.sees("hold             H      it does not wait, or is held ")

    play(story, ScriptedSource(a_job_view(1, QUEUED, name="job-1", held_at=NOON)))


@pytest.mark.parametrize(
    ("label", "opens"),
    [
        ("open ", "job 3"),
        ("log ", "log of 3"),
        ("why it waits", "Why 3"),
        ("cancel ", "Cancel 1 job?"),
        ("set the priority", "Priority of 1 job"),
    ],
)
def test_a_click_on_an_entry_does_what_its_key_does(label: str, opens: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.click("job-3", button=RIGHT)
        await stage.sees("3 job-3", "copy the id")
        await stage.click(label)
        await stage.sees(opens)

    play(story, a_source(), size=(120, 40))


def test_it_is_done_to_the_jobs_that_were_there_when_it_was_opened() -> None:
    source = a_source()

    async def story(stage: Stage) -> None:
        await stage.press("space", "space")
        await stage.click("job-2", button=RIGHT)
        await stage.sees("2 jobs, marked", "copy the id")
        stage.app.jobs.table.mark([4, 5])
        source.happen(a_job_view(5, RUNNING, name="job-5"))
        await stage.sees("R 1")
        await stage.click("hold ")
        await stage.is_told("held 2 jobs")
        assert ids_held(source) == [[1, 2]]

    play(story, source)


def test_on_a_job_that_is_not_marked_it_is_about_that_one() -> None:
    source = a_source()

    async def story(stage: Stage) -> None:
        await stage.press("space", "space")
        await stage.click("job-4", button=RIGHT)
        await stage.sees("copy the id")
        await stage.click("hold ")
        await stage.is_told("held 1 job")
        assert ids_held(source) == [[4]]

    play(story, source)


def test_of_another_database_the_same_number_is_another_job() -> None:
    source, later = a_source(), NOON + timedelta(hours=1)

    async def story(stage: Stage) -> None:
        await stage.click("job-4", button=RIGHT)
        await stage.sees("copy the id")
        source.go_away()
        source.become_another(
            a_job_view(4, user_id="ann", name="new", submitted_at=later), at=later
        )
        source.come_back()
        await stage.sees("1 of 1")
        await stage.press("enter")
        await stage.is_told("job 4 is not there any more: nothing was done")
        assert len(stage.app.screen_stack) == 1

    play(story, source)


def test_the_menu_has_a_key_too_and_esc_or_a_click_elsewhere_leaves_it() -> None:
    source = a_source()

    async def story(stage: Stage) -> None:
        for leave in ("escape", "q", "M", ""):
            await stage.press("j", "M")
            await stage.sees("copy the id")
            await (stage.press(leave) if leave else stage.click("6 of 6"))
            await stage.sees_no("copy the id")
        assert source.acted == []
        assert len(stage.app.screen_stack) == 1

    play(story, source)


def test_from_the_keys_it_is_moved_through_with_the_arrows() -> None:
    source = a_source()

    async def story(stage: Stage) -> None:
        await stage.press("j", "m", *["down"] * 3, "enter")
        assert stage.app.jobs.table.marks == {2}

    play(story, source, keymap=keymap_of({"jobs.menu": "m"}))


def test_a_click_that_comes_with_the_menu_was_not_meant_for_it() -> None:
    async def story(stage: Stage) -> None:
        await stage.click("job-4", button=RIGHT)
        await stage.sees("copy the id")
        await stage.click("open ")
        await stage.sees("copy the id")
        await stage.press("escape")
        await stage.sees_no("copy the id")

    play(story, a_source(), guard_s=60.0)


@pytest.mark.parametrize(
    ("look", "reason"), [({"is_read_only": True}, "read-only"), ({}, "not connected")]
)
def test_where_nothing_may_be_changed_the_menu_says_so(look: dict[str, Any], reason: str) -> None:
    source = a_source()

    async def story(stage: Stage) -> None:
        if not look:
            source.go_away()
            await stage.sees("OFFLINE")
        await stage.click("job-4", button=RIGHT)
        await stage.sees(f"cancel           x      {reason}")

    play(story, source, **look)


def test_a_heading_has_no_menu_and_says_so() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("t", "t")
        await stage.click("ann · ", button=RIGHT)
        await stage.is_told("a heading is no job")
        await stage.press("M")
        assert len(stage.app.screen_stack) == 1

    play(story, a_source())


def test_a_right_click_on_a_title_does_not_sort() -> None:
    async def story(stage: Stage) -> None:
        await stage.click("NAME", button=RIGHT)
        assert stage.app.jobs.view.order.column == "state"

    play(story, a_source())


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (200, 60)])
def test_it_is_within_the_screen_wherever_it_is_asked_for(size: tuple[int, int]) -> None:
    async def story(stage: Stage) -> None:
        await stage.press("G", "M")
        await stage.sees("copy the id", "open")
        await stage.pilot.resize_terminal(60, 15)
        await stage.sees("copy the id", "open")

    play(story, a_busy_source(), size=size)
