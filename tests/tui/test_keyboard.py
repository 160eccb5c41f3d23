import pytest
from textual.events import Paste
from textual.widgets import Input

from joborch.domain.states import JobState
from joborch.wire.actions import HoldJobs, SetJobs
from tests.support.views import NOON, a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play

QUEUED = JobState.QUEUED


def held(number: int, user_id: str = "ann") -> ScriptedSource:
    jobs = [a_job_view(i, QUEUED, user_id=user_id, held_at=NOON) for i in range(1, number + 1)]
    return ScriptedSource(*jobs)


@pytest.mark.parametrize(
    ("keys", "opens"),
    [
        ("xU", "Cancel 1 job?"),
        ("pU", "Priority of 1 job"),
        ("lU", "log of 2"),
        ("sU", "Sort by"),
        ("cU", "Columns"),
        ("JU", '"batch"'),
        ("eU", "Why 2"),
        ("?U", "Everywhere"),
        (":U", "Command"),
        ("/U", "0 of 3"),
        ("2U", "Users and quotas"),
    ],
)
def test_no_key_reaches_what_was_there_before(keys: str, opens: str) -> None:
    source = held(3)

    async def story(stage: Stage) -> None:
        await stage.press("j")
        await stage.press_at_once(*keys)
        await stage.sees(opens)
        assert source.acted == []

    play(story, source, size=(120, 40), guard_s=0.25)


def test_a_filter_that_is_typed_in_one_go_is_a_filter() -> None:
    async def story(stage: Stage) -> None:
        await stage.press_at_once(*"/user:bob1", "backspace", "enter")
        await stage.sees("user:bob", "4 of 18")

    play(story, a_busy_source())


def test_what_comes_after_a_filter_is_about_what_passes_it() -> None:
    async def story(stage: Stage) -> None:
        await stage.press_at_once(*"/1460", "enter", "x")
        await stage.sees("Cancel 1 job?", "1460", "Not yours: they belong to cem.")

    play(story, a_busy_source())


def test_a_priority_that_is_typed_in_one_go_is_given() -> None:
    source = held(3)

    async def story(stage: Stage) -> None:
        await stage.press("j")
        await stage.press_at_once(*"p15", "enter", *"jH")
        await stage.is_told("gave priority 15 to 1 job")
        (action,) = source.acted
        assert isinstance(action, SetJobs)
        assert (action.ids, action.changes.priority) == ([2], 15)

    play(story, source)


def test_a_command_that_is_typed_in_one_go_is_obeyed() -> None:
    async def story(stage: Stage) -> None:
        await stage.press_at_once(*":filter user:bob", "enter")
        await stage.sees("4 of 18")

    play(story, a_busy_source())


def test_keys_go_through_several_screens_in_their_order() -> None:
    async def story(stage: Stage) -> None:
        await stage.press_at_once(*"2?q3:jobs", "enter", *"sq/dock", "escape", *"l/abc")
        await stage.sees("log of")
        assert stage.app.screen.query_one(Input).value == "abc"

    play(story, a_busy_source(), size=(120, 40))


def test_what_is_pasted_waits_for_its_turn_too() -> None:
    async def story(stage: Stage) -> None:
        stage.app.simulate_key("slash")
        stage.app.post_message(Paste("user:bob"))
        await stage.press_at_once("enter", "P")
        await stage.sees("paused")
        await stage.sees("4 of 18")

    play(story, a_busy_source())


def test_keys_for_the_table_all_arrive() -> None:
    async def story(stage: Stage) -> None:
        await stage.press_at_once(*"jjjjjjkk")
        assert stage.table.cursor == 5

    play(story, held(9))


def test_y_does_not_count_before_the_question_was_seen() -> None:
    source = held(21)

    async def story(stage: Stage) -> None:
        await stage.press_at_once("j", *"xyyyU")
        await stage.sees("Cancel 1 job?")
        await stage.press("escape")  # that was too soon as well
        await stage.sees("Cancel 1 job?")
        assert source.acted == []

    play(story, source, guard_s=60.0)


def test_the_number_does_not_count_before_the_question_was_seen() -> None:
    source = held(21)

    async def story(stage: Stage) -> None:
        await stage.press_at_once("asterisk", *"x21", "enter")
        await stage.sees("Cancel 21 jobs?")
        assert stage.app.screen.query_one(Input).value == ""
        assert source.acted == []

    play(story, source, guard_s=60.0)


@pytest.mark.parametrize(
    ("keys", "opens"),
    [
        ("x", "Cancel 1 job?"),
        ("p", "Priority of"),
        ("s", "Sort by"),
        ("?", "Everywhere"),
        ("2", "Users and"),
    ],
)
def test_no_click_reaches_what_was_there_before_or_what_has_come_over_it(
    keys: str, opens: str
) -> None:
    async def story(stage: Stage) -> None:
        await stage.press("j")
        stage.app.simulate_key("question_mark" if keys == "?" else keys)
        stage.click_at_once("job-9")
        stage.click_at_once("job-9")
        await stage.press()
        await stage.sees(opens)
        assert stage.app.jobs.table.cursor == 2
        assert stage.app.jobs.view.order.column == "state"

    play(story, named(9), size=(120, 40))


def test_a_click_comes_after_the_keys_that_were_typed_before_it() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("j")
        for _ in range(3):
            stage.app.simulate_key("j")
        stage.app.simulate_key("space")
        stage.click_at_once("job-2")
        await stage.press()
        assert stage.app.jobs.table.marks == {5}
        assert stage.table.cursor == 2

    play(story, named(9))


def test_keys_come_after_the_click_that_was_before_them() -> None:
    source = named(9)

    async def story(stage: Stage) -> None:
        stage.click_at_once("job-7")
        await stage.press_at_once("H")
        await stage.is_told("held 1 job")
        assert [action.ids for action in source.acted if isinstance(action, HoldJobs)] == [[7]]

    play(story, source)


def named(number: int) -> ScriptedSource:
    jobs = [a_job_view(i, QUEUED, user_id="ann", name=f"job-{i}") for i in range(1, number + 1)]
    return ScriptedSource(*jobs)
