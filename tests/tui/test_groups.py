"""Jobs below the headings of their groups, and what a heading is good for."""

import time

import pytest
from msgspec.structs import replace

from joborch.domain.states import JobState
from joborch.tui.groups import Heading
from joborch.wire.actions import HoldJobs
from tests.support.views import NOON, a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play
from tests.tui.test_jobs_screen import in_ascii

RUNNING, QUEUED = JobState.RUNNING, JobState.QUEUED


def a_source() -> ScriptedSource:
    """Three jobs of ann and two of bob, who comes first in nothing but the alphabet."""
    return ScriptedSource(
        a_job_view(1, RUNNING, user_id="bob", name="job-1"),
        *(a_job_view(i, QUEUED, user_id="ann", name=f"job-{i}") for i in (2, 3, 4)),
        a_job_view(5, QUEUED, user_id="bob", name="job-5"),
    )


async def by_user(stage: Stage) -> None:
    await stage.press("t", "t")
    await stage.sees("in each user")


def test_each_group_is_below_a_heading_that_counts_it() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.sees("▾ ann · 3 jobs  ·Q 3", "▾ bob · 2 jobs  ▶R 1  ·Q 1", "5 of 5")
        ann, bob = Heading("user", "ann"), Heading("user", "bob")
        assert stage.table.order == [ann, 2, 3, 4, bob, 1, 5]

    play(story, a_source())


def test_in_seven_bits_the_heading_has_no_others() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.sees("v ann - 3 jobs  .Q 3")
        await stage.press("T")
        await stage.sees("+ ann - 3 jobs  .Q 3")

    play(story, a_source(), **in_ascii())


def test_of_a_batch_no_more_is_claimed_than_what_is_listed() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("t")
        await stage.sees("▾ b-31 · 8 listed  ▶R 5  ·Q 3")
        await stage.press("G")
        await stage.sees("▾ no batch · 10 listed")

    play(story, a_busy_source())


def test_enter_folds_a_group_and_lists_it_again() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("g", "enter")
        await stage.sees("▸ ann · 3 jobs", "5 of 5", "job-1")
        await stage.sees_no("job-2")
        await stage.press("enter")
        await stage.sees("▾ ann · 3 jobs", "job-2")
        await stage.press("j", "enter")
        await stage.sees("job 2")

    play(story, a_source())


def test_a_double_click_on_a_heading_folds_it() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.pilot.click(stage.table, offset=(5, 1), times=2)
        await stage.sees("▸ ann · 3 jobs")

    play(story, a_source())


def test_all_groups_are_folded_at_once_and_a_selected_job_leaves_the_selection_to_its_heading() -> (
    None
):
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("G", "T")
        await stage.sees("▸ ann", "▸ bob", "marks its jobs")
        assert stage.table.cursor == Heading("user", "bob")
        await stage.press("T")
        await stage.sees("▾ ann", "▾ bob")

    play(story, a_source())


def test_without_groups_there_is_nothing_to_fold() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("T")
        await stage.is_told("there are no groups to fold; t makes some")

    play(story, a_source())


def test_the_selection_stays_on_its_job_through_every_grouping() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("j", "j")
        for kind in ("batch", "user", "service", "reason"):
            await stage.press("t")
            await stage.sees(f"in each {kind}")
            assert stage.table.cursor == 3
        await stage.press("t")
        assert stage.table.cursor == 3

    play(story, a_source())


def test_the_selection_stays_on_a_heading_while_jobs_come_and_go() -> None:
    source = a_source()

    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("G", "k", "k")
        assert stage.table.cursor == Heading("user", "bob")
        source.happen(a_job_view(6, QUEUED, user_id="aaron"), replace(source.known[2], priority=9))
        await stage.sees("▾ aaron · 1 job  ·Q 1")
        assert stage.table.cursor == Heading("user", "bob")

    play(story, source)


def test_a_heading_counts_anew_when_a_job_changes() -> None:
    source = a_source()

    async def story(stage: Stage) -> None:
        await by_user(stage)
        source.happen(replace(source.known[2], state="running", started_at=NOON))
        await stage.sees("▾ ann · 3 jobs  ▶R 1  ·Q 2")

    play(story, source)


@pytest.mark.parametrize("key", ["x", "R", "p", "plus", "H", "U", "o", "l", "e", "y", "Y", "J"])
def test_a_heading_is_no_job_and_every_key_for_jobs_says_so(key: str) -> None:
    source = a_source()

    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("home", key)
        await stage.is_told("a heading is no job: space marks its jobs, enter folds them")
        assert len(stage.app.screen_stack) == 1
        assert source.acted == []

    play(story, source)


def test_space_on_a_heading_marks_its_jobs_and_then_they_can_be_acted_on() -> None:
    source = a_source()

    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("g", "enter", "space")
        await stage.sees("▸ ann · 3 jobs  ·Q 3  3 marked", " · 3 marked")
        await stage.press("H")
        await stage.is_told("held 3 jobs")
        assert [action.ids for action in source.acted if isinstance(action, HoldJobs)] == [
            [2, 3, 4]
        ]
        await stage.press("space")
        assert stage.app.jobs.table.marks == set()

    play(story, source)


def test_what_enter_does_to_a_heading_is_told_as_it_is() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("home")
        await stage.sees(" space marks its jobs, enter folds them")
        await stage.press("enter")
        await stage.sees(" space marks its jobs, enter lists them")
        await stage.press("T")
        await stage.press("T")
        await stage.sees(" space marks its jobs, enter folds them")
        await stage.press("T", "x")
        await stage.is_told("a heading is no job: space marks its jobs, enter lists them")

    play(story, a_source())


def test_after_a_mark_the_selection_goes_on_to_the_next_job_and_never_to_a_heading() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("home", "j", "j", "j", "space")
        assert stage.table.cursor == 1
        await stage.press("space", "space")
        assert stage.table.cursor == 5
        assert stage.table.marks == {4, 1, 5}
        await stage.press("space")
        assert (stage.table.cursor, stage.table.marks) == (5, {4, 1})

    play(story, a_source())


def test_to_mark_all_keeps_the_marks_of_jobs_that_are_folded_away() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("home", "j", "space", "home", "enter", "asterisk")
        assert stage.table.marks == {2, 1, 5}

    play(story, a_source())


def test_to_mark_all_where_all_is_folded_marks_nothing_and_says_so() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("home", "space", "T", "asterisk")
        await stage.is_told("nothing to mark: all jobs are folded away; T lists them")
        assert stage.table.marks == {2, 3, 4}

    play(story, a_source())


def test_the_details_of_a_heading_are_nobodys() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("home", "j")
        await stage.sees("─ Job 1207 dock-2oob[7] ─")
        await stage.press("home")
        await stage.sees("space marks its jobs", "─ Job ──")

    play(story, a_busy_source(), size=(160, 50))


def test_marking_all_and_ranges_skip_headings_and_what_is_folded() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("g", "enter", "asterisk")
        assert stage.app.jobs.table.marks == {1, 5}
        await stage.press("backslash", "enter", "j", "space", "G", "V")
        assert stage.app.jobs.table.marks == {2, 3, 4, 1, 5}

    play(story, a_source())


def test_reasons_are_groups_without_their_numbers() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("t", "t", "t", "t", "T", "g")
        await stage.sees("▸ quota full · 3 jobs", "▸ service full · ", "▸ no agent up · 1 job")
        await stage.sees("▸ running · ", "▸ exit 1 · ")

    play(story, a_busy_source(), size=(80, 30))


def test_the_filter_counts_jobs_and_leaves_no_heading_without_any() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("slash", *"user:bob", "enter")
        await stage.sees("2 of 5", "▾ bob · 2 jobs")
        await stage.sees_no("▾ ann")

    play(story, a_source())


def test_what_a_group_is_called_cannot_move_the_cursor() -> None:
    source = ScriptedSource(a_job_view(1, user_id="a\x1b[2Jb\nc"))

    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.sees("▾ ab c · 1 job")

    play(story, source)


def test_groups_are_shown_of_earlier_moments_too() -> None:
    async def story(stage: Stage) -> None:
        await by_user(stage)
        await stage.press("P", "left_square_bracket", "left_square_bracket")
        await stage.sees("⏸ as of", "▾ ann · ")

    play(story, a_busy_source())


@pytest.mark.timeout(120)
@pytest.mark.parametrize("presses", range(1, 5), ids=["batch", "user", "service", "reason"])
def test_a_hundred_thousand_jobs_are_grouped_within_a_second(presses: int) -> None:
    jobs = {
        i: a_job_view(i, QUEUED, user_id=f"u-{i % 50}", batch=f"b-{i // 20}", name=f"job-{i}")
        for i in range(1, 100_001)
    }

    async def story(stage: Stage) -> None:
        stage.app.picture.replace(jobs)
        await stage.press(*"t" * presses)
        begin = time.perf_counter()
        stage.app.jobs.catch_up()
        await stage.pilot.pause()
        spent_s = time.perf_counter() - begin
        await stage.sees("100 000 of 100 000")
        print(f"100,000 rows in groups: {spent_s:.2f} s")  # noqa: T201 - worth knowing
        assert spent_s < 5  # five times what an idle machine may need

    play(story, ScriptedSource())
