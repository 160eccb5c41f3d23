"""What is open when the server comes back with another database."""

from datetime import timedelta

from joborch.domain.states import JobState
from tests.support.views import NOON, a_job_view
from tests.support.waiting import async_wait_until
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play

LATER = NOON + timedelta(hours=1)


async def swap(stage: Stage, source: ScriptedSource, job_id: int) -> None:
    """Put a database in the place of the one before that has just this job, of bob."""
    other = a_job_view(job_id, name="other", user_id="bob", submitted_at=LATER)
    source.become_another(other, at=LATER)
    source.lose_events()
    await async_wait_until(lambda: stage.app.picture.jobs.keys() == {job_id})


def test_it_is_told() -> None:
    source = ScriptedSource(a_job_view(7, name="mine"))

    async def story(stage: Stage) -> None:
        await swap(stage, source, 7)
        await stage.is_told("the server has another database now")

    play(story, source)


def test_the_detail_of_a_job_does_not_become_that_of_another_and_its_keys_do_nothing() -> None:
    source = ScriptedSource(
        a_job_view(7, JobState.RUNNING, name="mine", user_id="ann", started_at=NOON)
    )

    async def story(stage: Stage) -> None:
        await stage.press("enter")
        await stage.sees("job 7  mine", "history")
        await swap(stage, source, 7)
        await stage.sees("job 7 is not there any more")
        await stage.press("H")
        await stage.is_told("job 7 is not there any more")
        assert source.acted == []

    play(story, source, size=(120, 40))


def test_the_detail_of_a_job_that_is_not_there_at_all_says_so() -> None:
    source = ScriptedSource(a_job_view(7, JobState.RUNNING, name="mine", started_at=NOON))

    async def story(stage: Stage) -> None:
        await stage.press("enter")
        await stage.sees("job 7  mine", "history")
        await swap(stage, source, 8)
        await stage.sees("job 7 is not there any more")

    play(story, source, size=(120, 40))


def test_the_past_of_one_database_is_not_continued_with_that_of_another() -> None:
    source = ScriptedSource(*(a_job_view(i, name="mine") for i in range(1, 4)))

    async def story(stage: Stage) -> None:
        source.happen(*(a_job_view(i, JobState.ASSIGNED, name="mine") for i in range(1, 4)))
        await async_wait_until(lambda: stage.app.picture.states[JobState.ASSIGNED] == 3)
        await stage.press("P", "left_square_bracket")
        await stage.sees("as of")
        other = a_job_view(1, name="other", submitted_at=LATER)
        source.become_another(other, at=LATER)
        source.lose_events()
        await async_wait_until(lambda: stage.app.picture.is_cut_off)
        for _ in range(5):
            await stage.press("left_square_bracket")
        await stage.is_told("may have another history now")

    play(story, source)
