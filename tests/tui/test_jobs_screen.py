import time
from datetime import timedelta
from typing import Any

import pytest
from textual.geometry import Size

from joborch.domain.states import JobState
from tests.support.views import NOON, a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play

RUNNING, QUEUED, COMPLETED = JobState.RUNNING, JobState.QUEUED, JobState.COMPLETED


def a_source(*ids: int) -> ScriptedSource:
    return ScriptedSource(*(a_job_view(i, QUEUED, name=f"job-{i}") for i in ids))


def test_a_job_that_changes_is_shown_as_it_is_now() -> None:
    source = a_source(1, 2, 3)

    async def story(stage: Stage) -> None:
        await stage.sees("·Q  job-2")
        source.happen(a_job_view(2, RUNNING, name="job-2"))
        await stage.sees("▶R  job-2", "R 1")

    play(story, source)


def test_a_job_that_is_new_appears() -> None:
    source = a_source(1)

    async def story(stage: Stage) -> None:
        await stage.sees("1 of 1")
        source.happen(a_job_view(2, QUEUED, name="newcomer"))
        await stage.sees("newcomer", "2 of 2")

    play(story, source)


def test_events_are_enough_and_the_list_is_read_once() -> None:
    source = a_source(1)

    async def story(stage: Stage) -> None:
        source.happen(a_job_view(1, RUNNING, name="job-1"))
        await stage.sees("▶R  job-1")
        source.happen(a_job_view(1, COMPLETED, name="job-1"))
        await stage.sees("✓C  job-1")
        assert source.listings == 2  # those that are active, and those that have ended

    play(story, source)


def test_jobs_are_listed_again_when_events_were_lost() -> None:
    source = a_source(1)

    async def story(stage: Stage) -> None:
        source.known[2] = a_job_view(2, QUEUED, name="unheard-of")
        del source.known[1]
        source.lose_events()
        await stage.sees("unheard-of", "1 of 1")
        await stage.sees_no("job-1")

    play(story, source)


def test_the_selection_stays_on_its_job_while_others_come_and_go_around_it() -> None:
    source = a_source(*range(10, 40))

    async def story(stage: Stage) -> None:
        await stage.press("j", "j", "j")
        assert stage.table.cursor == 13
        source.happen(a_job_view(39, RUNNING, name="first-now"))
        await stage.sees("▶R  first-now")
        assert stage.table.cursor == 13
        await stage.press("s", "down", "enter", "I")
        await stage.sees("by name, turned round")
        assert stage.table.cursor == 13

    play(story, source)


def test_the_first_row_is_selected_once_all_pages_are_there() -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("2 500 of 2 500")
        assert stage.table.cursor == 1
        assert stage.table.scroll_offset.y == 0

    play(story, a_source(*range(1, 2501)))


def test_until_a_person_chooses_a_job_the_first_row_is_selected_whichever_it_is() -> None:
    source = a_source(*range(1, 60))

    async def story(stage: Stage) -> None:
        assert stage.table.cursor == 1
        source.happen(a_job_view(1, COMPLETED, name="job-1"))
        await stage.sees("✓C 1")
        await stage.sees_no("job-1 ")
        assert stage.table.cursor == 2
        assert stage.table.scroll_offset.y == 0

    play(story, source)


def test_the_selection_goes_to_the_next_job_when_its_own_is_filtered_away() -> None:
    source = a_source(1, 2, 3)

    async def story(stage: Stage) -> None:
        await stage.press("j", "slash", *"!2", "enter")
        await stage.sees("2 of 3")
        assert stage.table.cursor == 3

    play(story, source)


def test_selection_marks_filter_and_order_survive_a_lost_connection() -> None:
    source = a_source(*range(1, 9))

    async def story(stage: Stage) -> None:
        await stage.press("slash", *"job", "enter", "I", "j", "space")
        await stage.sees("1 marked")
        before = stage.table.cursor, stage.table.marks
        source.go_away()
        await stage.sees("OFFLINE", "data as of 12:00:00", "job-8")
        source.known[9] = a_job_view(9, QUEUED, name="job-9")
        source.come_back()
        await stage.sees("live", "9 of 9", "1 marked", "turned round", "/ job")
        assert (stage.table.cursor, stage.table.marks) == before

    play(story, source)


def test_of_the_database_before_another_neither_marks_nor_events_are_left() -> None:
    source = ScriptedSource(a_job_view(1, name="old"), a_job_view(2, name="old"))
    source.happen(a_job_view(2, JobState.RUNNING, name="old"))
    later = NOON + timedelta(hours=1)

    async def story(stage: Stage) -> None:
        await stage.press("space", "space", "6")
        await stage.sees("2 old", "1 shown")
        source.happen(a_job_view(2, JobState.FAILED, name="old"))
        await stage.sees("2 shown")
        source.go_away()
        await stage.sees("OFFLINE")
        source.become_another(a_job_view(1, name="new", submitted_at=later), at=later)
        source.come_back()
        await stage.sees("1 shown", "1 new")
        await stage.press("1")
        await stage.sees("1 of 1")
        assert stage.app.jobs.table.marks == set()

    play(story, source)


def test_a_filter_that_is_none_says_so_and_the_jobs_stay() -> None:
    async def story(stage: Stage) -> None:
        stage.app.jobs.set_filter("stat:x")
        await stage.sees("stat: is no condition", "dock-2oob[7]")
        assert len(stage.table.order) == 18
        await stage.press("escape")
        await stage.sees("18 of 18")

    play(story, a_busy_source())


def test_mine_are_the_jobs_of_the_one_who_looks() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("a")
        await stage.sees("11 of 18", "and mine")
        await stage.sees_no(" cem ")

    play(story, a_busy_source())


def test_the_scope_can_be_active_jobs_only() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("f", "f")
        await stage.sees("active ·")
        await stage.sees_no("✓C  dock")

    play(story, a_busy_source())


def test_the_dashboard_opens_without_a_server_and_says_how_to_start_one() -> None:
    source = a_source(1)
    source.go_away()

    async def story(stage: Stage) -> None:
        await stage.sees("OFFLINE", "connection refused", "joborch serve", "not known yet")
        assert "·Q" not in stage.frame
        assert "agents" not in stage.frame
        source.come_back()
        await stage.sees("live", "job-1")

    play_from_the_start(story, source)


def test_an_empty_server_invites_to_submit() -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("No jobs yet.", "joborch submit")

    play(story, ScriptedSource())


def test_what_jobs_are_called_cannot_move_the_cursor() -> None:
    source = ScriptedSource(a_job_view(1, name="a\x1b[2J\x1b]0;title\x07\u202eb\nc"))

    async def story(stage: Stage) -> None:
        await stage.sees("ab c")

    play(story, source)


@pytest.mark.parametrize(("width", "height"), [(200, 60), (60, 15), (80, 24)])
def test_a_terminal_that_changes_its_size_keeps_the_selection_in_sight(
    width: int, height: int
) -> None:
    source = a_source(*range(1, 101))

    async def story(stage: Stage) -> None:
        await stage.press("G")
        await stage.pilot.resize_terminal(width, height)
        await stage.sees("job-100")
        assert stage.table.cursor == 100
        assert stage.app.size == Size(width, height)

    play(story, source, size=(120, 40))


def test_a_terminal_that_is_too_small_is_told_what_is_needed() -> None:
    async def story(stage: Stage) -> None:
        await stage.pilot.resize_terminal(50, 10)
        await stage.sees("The terminal is 50x10; it needs 60x15")
        await stage.pilot.resize_terminal(80, 24)
        await stage.sees("18 of 18")

    play(story, a_busy_source())


@pytest.mark.timeout(120)
def test_a_hundred_thousand_jobs_are_on_the_screen_within_a_second() -> None:
    jobs = {i: a_job_view(i, COMPLETED, name=f"job-{i}") for i in range(1, 100_001)}

    async def story(stage: Stage) -> None:
        begin = time.perf_counter()
        stage.app.picture.replace(jobs)
        stage.app.jobs.catch_up()
        await stage.pilot.pause()
        spent_s = time.perf_counter() - begin
        await stage.sees("100 000 of 100 000", "job-100000")
        print(f"100,000 rows: {spent_s:.2f} s")  # noqa: T201 - worth knowing
        assert spent_s < 5  # five times what an idle machine may need

    play(story, ScriptedSource())


def test_seven_bits_are_enough() -> None:
    async def story(stage: Stage) -> None:
        for keys in (
            *("enter", "escape", "2", "3", "4", "1", "j", "M", "escape", "c", "escape"),
            *("t", "T", "T", "question_mark", "escape", "t", "t", "t", "t", "j", "x"),
        ):
            await stage.press(keys)
            await stage.settles()
            seen = {character for character in stage.frame if ord(character) > 126}
            assert not seen, f"after {keys}:\n{stage.frame}"

    play(story, an_ascii_source(), size=(120, 40), **in_ascii())


def test_without_colour_nothing_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def story(stage: Stage) -> None:
        await stage.sees("18 of 18")
        strips = stage.app.screen._compositor.render_strips()
        colours = {
            s.style.color.name for strip in strips for s in strip if s.style and s.style.color
        }
        assert colours <= {"default"}

    play(story, a_busy_source(), is_colored=False)


def in_ascii() -> dict[str, Any]:
    from joborch.tui.formatting import ASCII

    return {"glyphs": ASCII}


def an_ascii_source() -> ScriptedSource:
    source = a_busy_source()
    del source.known[1462]
    return source


def play_from_the_start(story: Any, source: ScriptedSource) -> None:
    play(story, source, first="joborch top")
