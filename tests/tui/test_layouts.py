"""What there is room for at which size, and that a person may change the size at any time."""

import pytest

from joborch.domain.states import JobState
from tests.support.views import a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play

NARROW, STRIP, COLUMN = (80, 24), (120, 40), (200, 60)


def test_a_larger_terminal_shows_more_at_once_and_a_smaller_one_less() -> None:
    async def story(stage: Stage) -> None:
        assert "Quotas" not in stage.frame
        await stage.pilot.resize_terminal(*STRIP)
        await stage.sees("Quotas 2", "Agents 3", "Throughput 5", "FULL", "drained")
        assert "Job 1207" not in stage.frame
        await stage.pilot.resize_terminal(*COLUMN)
        await stage.sees("Throughput 5", "Job 1207", "2oob_A.pdb", "rigidbody 20/20")
        await stage.pilot.resize_terminal(*NARROW)
        await stage.sees_no("Quotas 2")
        assert stage.table.cursor == 1207

    play(story, a_busy_source(), size=NARROW)


@pytest.mark.parametrize("size", [(57, 20), (100, 12)])
def test_a_terminal_that_is_too_small_is_told_so_and_nothing_is_lost(size: tuple[int, int]) -> None:
    async def story(stage: Stage) -> None:
        await stage.press("slash", *"user:bob", "enter")
        await stage.sees("4 of 18")
        await stage.press("j")
        chosen = stage.table.cursor
        await stage.pilot.resize_terminal(*size)
        await stage.sees(f"The terminal is {size[0]}x{size[1]}; it needs 60x15")
        assert "user:bob" not in stage.frame
        await stage.pilot.resize_terminal(*NARROW)
        await stage.sees("4 of 18", "user:bob", "enter open")
        assert stage.table.cursor == chosen
        await stage.press("k")
        assert stage.table.cursor != chosen

    play(story, a_busy_source(), size=NARROW)


def test_the_facts_and_the_log_follow_the_selection() -> None:
    source = a_busy_source()
    source.written[1198, "stdout"] = b"all went well\n"

    async def story(stage: Stage) -> None:
        await stage.sees("Job 1207", "rigidbody 20/20")
        await stage.press("slash", *"1198", "enter")
        await stage.sees("Job 1198", "all went well")
        assert "rigidbody" not in stage.frame

    play(story, source, size=COLUMN)


def test_the_facts_change_with_the_job() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.sees("Job 1207", "running")
        await stage.press("j", "k")  # it is chosen now, and stays so wherever it goes
        source.happen(a_job_view(1207, JobState.FAILED, user_id="ann", exit_code=137))
        await stage.sees("✗F failed · exit 137")

    play(story, source, size=COLUMN)


def test_a_larger_terminal_shows_more_behind_an_open_question_too() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("j", "x")
        await stage.sees("Cancel 1 job?")
        await stage.pilot.resize_terminal(*STRIP)
        await stage.sees("Cancel 1 job?", "5/5 FULL", "compute-1      ● up", "p50 11m")
        await stage.pilot.resize_terminal(*COLUMN)
        await stage.sees("Cancel 1 job?", "Job 1208", "ann example " + "█" * 20)

    play(story, a_busy_source(), size=NARROW)


def test_hints_are_left_out_whole_where_there_is_no_room_for_them() -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("s sort", "P pause ? help")
        await stage.pilot.resize_terminal(60, 20)
        await stage.sees_no("pause")
        hints = stage.frame.splitlines()[-1]
        assert hints == "enter open l log x cancel R retry / filter q quit ? help"
        await stage.pilot.resize_terminal(*NARROW)
        await stage.sees("s sort", "P pause ? help")

    play(story, a_busy_source(), size=NARROW)
