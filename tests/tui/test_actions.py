from joborch.domain.states import JobState
from tests.support.views import a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play

RUNNING, QUEUED, COMPLETED = JobState.RUNNING, JobState.QUEUED, JobState.COMPLETED


def many(number: int) -> ScriptedSource:
    return ScriptedSource(*(a_job_view(i, QUEUED, user_id="ann") for i in range(1, number + 1)))


def test_y_cancels_the_selected_job() -> None:
    source = many(3)

    async def story(stage: Stage) -> None:
        await stage.press("j", "x")
        await stage.sees("Cancel 1 job?")
        await stage.press("y")
        await stage.sees("cancelled 1 job")
        assert source.cancelled == [2]

    play(story, source)


def test_every_other_key_leaves_it() -> None:
    source = many(3)

    async def story(stage: Stage) -> None:
        for key in ("n", "escape", "enter", "q"):
            await stage.press("x")
            await stage.sees("Cancel 1 job?")
            await stage.press("x", key)
            await stage.sees_no("Cancel 1 job?")
        assert source.cancelled == []

    play(story, source)


def test_a_key_that_was_typed_before_the_question_appeared_is_no_answer() -> None:
    source = many(3)

    async def story(stage: Stage) -> None:
        await stage.press("x", "y")
        await stage.sees("Cancel 1 job?")
        assert source.cancelled == []

    play(story, source, guard_s=60.0)


def test_what_was_asked_about_is_cancelled_whatever_moves_meanwhile() -> None:
    source = many(5)

    async def story(stage: Stage) -> None:
        await stage.press("space", "space", "x")
        await stage.sees("Cancel 2 jobs?")
        source.happen(a_job_view(4, RUNNING), a_job_view(1, COMPLETED))
        await stage.sees("R 1")
        await stage.press("y")
        await stage.sees("cancelled 1 job, skipped 1")
        assert source.cancelled == [2]

    play(story, source)


def test_the_number_has_to_be_typed_for_many_jobs() -> None:
    source = many(21)

    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "x")
        await stage.sees("Cancel 21 jobs?", "and 13 more", "Type 21")
        await stage.press("2", "enter")
        await stage.sees_no("Cancel 21 jobs?")
        assert source.cancelled == []
        await stage.press("x")
        await stage.sees("Cancel 21 jobs?")
        await stage.press("2", "1", "enter")
        await stage.sees("cancelled 21 jobs")

    play(story, source)


def test_others_jobs_are_named_as_such() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("slash", *"1460", "enter")
        await stage.sees("1 of 18")
        await stage.press("x")
        await stage.sees("Not yours: they belong to cem.")

    play(story, a_busy_source())


def test_a_job_that_has_ended_is_not_asked_about() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("G", "x")
        await stage.sees("nothing to cancel")

    play(story, a_busy_source(), size=(120, 40))


def test_nothing_is_sent_without_a_connection() -> None:
    source = many(2)

    async def story(stage: Stage) -> None:
        source.go_away()
        await stage.sees("OFFLINE")
        await stage.press("x")
        await stage.sees("not connected: nothing was sent")

    play(story, source)


def test_in_read_only_mode_there_is_nothing_to_change() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.sees("read-only")
        await stage.press("x")
        await stage.sees_no("cancel /")
        assert len(stage.app.screen_stack) == 1
        await stage.press("3", "D")
        assert len(stage.app.screen_stack) == 1

    play(story, source, is_read_only=True)


def test_an_agent_drains_once_it_is_confirmed() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press("3", "D")
        await stage.sees("Drain compute-1?", "holds 2 jobs")
        await stage.press("y")
        await stage.sees("compute-1 drains")
        assert source.drained == [("a-compute-1", True)]

    play(story, source)


def test_enter_on_a_quota_shows_its_jobs() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("2", "enter")
        await stage.sees("user:ann service:example", "11 of 18")
        await stage.press("escape")
        await stage.sees("18 of 18")

    play(story, a_busy_source())


def test_enter_on_an_agent_shows_what_it_runs() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("3", "enter")
        await stage.sees("agent:compute-1 state:active", "1207", "1210")

    play(story, a_busy_source())
