"""Every key that does something to jobs, over a scripted server."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from joborch.domain.states import JobState
from joborch.tui.look import Confirm
from joborch.wire.actions import HoldJobs, JobChanges, ReleaseJobs, RetryJobs, SetJobs
from joborch.wire.jobs import FileList, FileView, ResultsView
from tests.support.views import NOON, a_job_view
from tests.support.waiting import async_wait_until
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play

QUEUED, RUNNING = JobState.QUEUED, JobState.RUNNING
COMPLETED, FAILED = JobState.COMPLETED, JobState.FAILED


def jobs_in(*states: JobState, user_id: str = "ann") -> ScriptedSource:
    """A server whose jobs are listed in the order of their ids."""
    jobs = (a_job_view(i, state, user_id=user_id) for i, state in enumerate(states, 1))
    return ScriptedSource(*jobs)


def to(priority: int, *ids: int) -> SetJobs:
    return SetJobs(ids=[*ids], changes=JobChanges(priority=priority))


def test_capital_h_holds_what_is_marked_and_waits_and_says_what_was_left_out() -> None:
    source = jobs_in(RUNNING, QUEUED, QUEUED, FAILED)

    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "H")
        await stage.is_told("held 2 jobs, skipped 1 (running), 1 (already ended)")
        assert (source.acted, source.actors) == ([HoldJobs(ids=[2, 3])], ["ann"])

    play(story, source, size=(120, 40))


def test_capital_u_releases_what_is_held() -> None:
    source = ScriptedSource(a_job_view(1, user_id="ann", held_at=NOON), a_job_view(2))

    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "U")
        await stage.is_told("released 1 job, skipped 1 (queued)")
        assert source.acted == [ReleaseJobs(ids=[1])]

    play(story, source)


def test_capital_r_retries_one_job_at_once_and_names_the_new_one() -> None:
    source = jobs_in(FAILED)

    async def story(stage: Stage) -> None:
        await stage.press("home", "R")
        await stage.is_told("retried 1 job as 1001")
        assert source.acted == [RetryJobs(ids=[1])]

    play(story, source)


def test_several_retries_are_asked_about_and_what_completed_is_left_out() -> None:
    source = jobs_in(FAILED, FAILED, COMPLETED)

    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "R")
        await stage.sees("Retry 2 jobs?", "Each becomes a new job")
        await stage.press("R")  # the key that asked is no answer
        assert source.acted == []
        await stage.press("y")
        await stage.is_told("retried 2 jobs as 1001-1002, skipped 1 (completed)")
        assert source.acted == [RetryJobs(ids=[1, 2])]

    play(story, source, size=(120, 40))


def test_p_asks_for_a_priority_and_takes_no_other_number() -> None:
    source = jobs_in(QUEUED)

    async def story(stage: Stage) -> None:
        await stage.press("home", "p")
        await stage.sees("Priority of 1 job", "0 to 100")
        await stage.press("5", "0", "0", "enter")
        await stage.sees("A whole number from 0 to 100.")
        await stage.press("backspace", "backspace", "backspace", "8", "0", "enter")
        await stage.is_told("gave priority 80 to 1 job")
        assert source.acted == [to(80, 1)]

    play(story, source)


def test_the_priority_goes_to_the_jobs_that_were_marked_when_it_was_asked_for() -> None:
    source = jobs_in(QUEUED, QUEUED, QUEUED)

    async def story(stage: Stage) -> None:
        await stage.press("space", "p")
        await stage.sees("Priority of 1 job")
        source.happen(a_job_view(1, COMPLETED), a_job_view(2, RUNNING))
        await stage.press("enter")
        await stage.is_told("nothing to give priority 50 to: it does not wait")
        assert source.acted == []

    play(story, source)


@pytest.mark.parametrize(
    ("key", "first", "second"), [("plus", 60, 70), ("minus", 40, 30)], ids=["raises", "lowers"]
)
def test_each_press_of_plus_or_minus_counts_however_fast(key: str, first: int, second: int) -> None:
    source = jobs_in(QUEUED)

    async def story(stage: Stage) -> None:
        await stage.press("home", key, key)
        await async_wait_until(lambda: len(source.acted) == 2)
        assert source.acted == [to(first, 1), to(second, 1)]

    play(story, source)


def test_each_of_several_jobs_is_raised_from_its_own_priority_and_not_above_the_limit() -> None:
    source = ScriptedSource(
        *(a_job_view(i, user_id="ann", priority=p) for i, p in enumerate((50, 95, 50), 1))
    )

    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "plus")
        await stage.is_told("raised the priority of 3 jobs")
        assert source.acted == [to(60, 1, 3), to(100, 2)]

    play(story, source)


@pytest.mark.parametrize(
    ("key", "state", "asks"),
    [
        ("x", RUNNING, "Cancel 1 job"),
        ("R", FAILED, "Retry 1 job"),
        ("H", QUEUED, "Hold 1 job"),
        ("plus", QUEUED, "Raise the priority of 1 job"),
    ],
)
def test_for_jobs_of_others_their_number_has_to_be_typed(
    key: str, state: JobState, asks: str
) -> None:
    source = jobs_in(state, user_id="bob")

    async def story(stage: Stage) -> None:
        await stage.press("home", key)
        await stage.sees(f"{asks}?", "Not yours: they belong to bob.", f"Type 1: {asks}.")
        await stage.press("y", "enter")
        await stage.is_told("y is not 1: nothing was sent")
        assert source.acted == []
        await stage.press(key)
        await stage.sees(f"{asks}?")
        await stage.press("1", "enter")
        await async_wait_until(lambda: len(source.acted) == 1)

    play(story, source, confirm=Confirm.NEVER)


def test_others_number_is_demanded_for_a_priority_and_a_release_too() -> None:
    source = ScriptedSource(a_job_view(1, user_id="bob", held_at=NOON))

    async def story(stage: Stage) -> None:
        await stage.press("home", *"p80", "enter")
        await stage.sees("Give priority 80 to 1 job?", "Type 1")
        await stage.press("escape", "U")
        await stage.sees("Release 1 job?", "Type 1")
        assert source.acted == []

    play(story, source)


@pytest.mark.parametrize(
    ("keys", "state", "asks"),
    [
        ("H", QUEUED, "Hold 1 job?"),
        ("R", FAILED, "Retry 1 job?"),
        ("+", QUEUED, "Raise the priority of 1 job?"),
        ("-", QUEUED, "Lower the priority of 1 job?"),
        ((*"p80", "enter"), QUEUED, "Give priority 80 to 1 job?"),
    ],
)
@pytest.mark.parametrize("confirm", Confirm)
def test_a_job_that_nobody_has_chosen_is_asked_about(
    keys: Sequence[str], state: JobState, asks: str, confirm: Confirm
) -> None:
    source = jobs_in(state)

    async def story(stage: Stage) -> None:
        await stage.press_at_once(*keys)
        await stage.sees(asks, "1  dock")
        assert source.acted == []
        await stage.press("y")
        await async_wait_until(lambda: len(source.acted) == 1)

    play(story, source, confirm=confirm)


def test_a_job_to_which_the_selection_fell_when_the_chosen_one_went_is_asked_about() -> None:
    source = jobs_in(QUEUED, QUEUED, QUEUED)

    async def story(stage: Stage) -> None:
        await stage.press(*"/state:queued", "enter", "j")
        source.happen(a_job_view(2, RUNNING, user_id="ann"))
        await async_wait_until(lambda: stage.table.cursor == 3)
        await stage.press("H")
        await stage.sees("Hold 1 job?", "3  dock")
        assert source.acted == []

    play(story, source)


@pytest.mark.parametrize(
    ("confirm", "keys", "state", "asks"),
    [
        (Confirm.ALWAYS, ["home", "H"], QUEUED, "Hold 1 job?"),
        (Confirm.ALWAYS, ["home", "plus"], QUEUED, "Raise the priority of 1 job?"),
        (Confirm.ALWAYS, ["home", "R"], FAILED, "Retry 1 job?"),
        (Confirm.MULTI, ["home", "x"], QUEUED, "Cancel 1 job?"),
        (Confirm.MULTI, ["asterisk", "R"], FAILED, "Retry 2 jobs?"),
    ],
)
def test_what_is_to_be_confirmed_is_asked_about(
    confirm: Confirm, keys: list[str], state: JobState, asks: str
) -> None:
    source = jobs_in(state, state)

    async def story(stage: Stage) -> None:
        await stage.press(*keys)
        await stage.sees(asks)
        assert source.acted == []

    play(story, source, confirm=confirm)


@pytest.mark.parametrize(
    ("confirm", "keys", "state"),
    [
        (Confirm.MULTI, ["asterisk", "H"], QUEUED),
        (Confirm.MULTI, ["home", "R"], FAILED),
        (Confirm.NEVER, ["home", "x"], QUEUED),
        (Confirm.NEVER, ["asterisk", "R"], FAILED),
    ],
)
def test_what_is_not_to_be_confirmed_is_done_at_once(
    confirm: Confirm, keys: list[str], state: JobState
) -> None:
    source = jobs_in(state, state)

    async def story(stage: Stage) -> None:
        await stage.press(*keys)
        await async_wait_until(lambda: len(source.acted) == 1)

    play(story, source, confirm=confirm)


def test_never_still_asks_for_the_number_of_many_jobs() -> None:
    source = jobs_in(*[QUEUED] * 21)

    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "x")
        await stage.sees("Cancel 21 jobs?", "Type 21")
        assert source.acted == []

    play(story, source, confirm=Confirm.NEVER)


def test_of_mixed_jobs_it_says_how_many_are_others() -> None:
    mine, bobs = a_job_view(1, user_id="ann"), a_job_view(2, user_id="bob")

    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "H")
        await stage.sees("Hold 2 jobs?", "Not yours: 1 of them belong to bob.")

    play(story, ScriptedSource(mine, bobs))


def test_of_many_others_only_some_are_named() -> None:
    jobs = (a_job_view(i, user_id=f"user-{i:02}") for i in range(1, 13))

    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "H")
        await stage.sees("Hold 12 jobs?", "user-08 and 4 others.")

    play(story, ScriptedSource(*jobs), size=(200, 60))


def test_a_number_that_is_wrong_does_nothing_and_says_so() -> None:
    source = jobs_in(*[QUEUED] * 21)

    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "H")
        await stage.sees("Hold 21 jobs?")
        await stage.press("1", "2", "enter")
        await stage.is_told("12 is not 21: nothing was sent")
        assert source.acted == []

    play(story, source)


def test_other_jobs_that_have_the_same_numbers_by_now_are_not_touched() -> None:
    source = jobs_in(RUNNING)

    async def story(stage: Stage) -> None:
        await stage.press("x")
        await stage.sees("Cancel 1 job?")
        source.known[1] = a_job_view(1, RUNNING, user_id="bob", submitted_at=NOON - timedelta(1))
        await stage.press("y")
        await stage.is_told("the server has other jobs under these numbers now: nothing was done")
        assert source.acted == []

    play(story, source)


def test_a_priority_is_given_to_the_jobs_that_it_was_typed_for_or_to_none() -> None:
    source = jobs_in(QUEUED)

    async def story(stage: Stage) -> None:
        await stage.press("home", "p")
        await stage.sees("Priority of 1 job")
        source.become_another(a_job_view(1, user_id="ann", name="other"), at=NOON)
        source.known[1].submitted_at = NOON + timedelta(1)
        source.lose_events()
        await async_wait_until(lambda: stage.app.picture.jobs[1].name == "other")
        await stage.press("9", "9", "enter")
        await stage.is_told("the server has other jobs under these numbers now: nothing was done")
        assert source.acted == []

    play(story, source)


def test_the_results_of_another_databases_job_are_not_fetched(tmp_path: Path) -> None:
    results = ResultsView(size_bytes=5, sha256="0" * 64)
    source = ScriptedSource(a_job_view(7, COMPLETED, results=results))

    async def story(stage: Stage) -> None:
        await stage.press("o")
        await stage.sees("Fetch 1 job to", "dock-7")
        source.known[7] = replace(source.known[7], submitted_at=NOON - timedelta(1))
        await stage.press(*str(tmp_path / "new"), "enter")
        await stage.is_told("the server has other jobs under these numbers now: nothing was done")
        assert source.fetched == []

    play(story, source, size=(120, 40))


def test_an_answer_that_comes_when_the_server_has_gone_sends_nothing_and_says_so() -> None:
    source = jobs_in(RUNNING)

    async def story(stage: Stage) -> None:
        await stage.press("x")
        await stage.sees("Cancel 1 job?")
        source.go_away()
        await stage.press("y")
        await stage.is_told("nothing was sent")

    play(story, source)


def test_capital_v_marks_from_the_last_mark_to_the_selection() -> None:
    source = jobs_in(*[QUEUED] * 8)

    async def story(stage: Stage) -> None:
        await stage.press("j", "space", "j", "j", "V")
        await stage.sees("4 marked")
        assert stage.app.jobs.table.marks == {2, 3, 4, 5}
        await stage.press("j", "j", "V")
        await stage.sees("6 marked")

    play(story, source)


def test_a_range_of_marks_does_not_begin_at_a_job_of_another_database() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("home", "space")
        stage.table.forget({1})  # type: ignore[attr-defined]  # it is of jobs
        await stage.press("G", "V")
        assert stage.table.marks == {5}

    play(story, jobs_in(*[QUEUED] * 5))


def test_jobs_of_an_array_are_named_with_their_index_everywhere() -> None:
    name = "a-name-that-is-too-long"
    jobs = [
        *(a_job_view(i, user_id="ann", name="arr", array_index=i) for i in (1, 2)),
        a_job_view(3, user_id="ann", name=name, array_index=120),
    ]

    async def story(stage: Stage) -> None:
        await stage.press("home")
        await stage.sees(" 1 arr[1] · queued")
        await stage.press("M")
        await stage.sees("─ 1 arr[1] ─")
        await stage.press("escape", "asterisk", "x")
        await stage.sees("1  arr[1] ", "2  arr[2] ", "3  a-name-that-…[120] queued")
        await stage.press("n", "backslash", "l")
        await stage.sees("log of 1  arr[1]")

    play(story, ScriptedSource(*jobs))


def test_e_shows_why_a_job_waits_and_what_stands_around_it() -> None:
    async def story(stage: Stage) -> None:
        await stage.press(*"jjjjjj", "e")
        await stage.sees("Why 1213 queued", "5 of 5 slots, held by 1207-1211", "7 slots free")
        await stage.press("escape")
        await stage.sees_no("Why 1213")

    play(story, a_busy_source(), size=(120, 40))


def test_capital_j_shows_the_job_as_json() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("J")
        await stage.sees("Job 1207", '"batch": "b-31",', '"run": "night"')

    play(story, a_busy_source(), size=(120, 40))


def test_capital_y_copies_a_command_that_submits_the_like() -> None:
    source = ScriptedSource(
        a_job_view(7, name="two words", priority=80, tags={"run": "a b"}, time_limit_s=5400)
    )
    names = ("a.pdb", "run.sh", "it's.txt")
    source.file_lists[7] = FileList(
        items=[FileView(name=name, size_bytes=1, kind="input") for name in names]
    )

    async def story(stage: Stage) -> None:
        await stage.press("Y")
        await stage.is_told("sent to the terminal's clipboard: joborch submit -s example")
        assert stage.app.clipboard == (
            "joborch submit -s example -n 'two words' -p 80 -t 'run=a b' --time-limit 1h30m"
            " run.sh a.pdb 'it'\"'\"'s.txt'"
        )

    play(story, source)


def test_what_is_copied_has_the_environment_and_the_command_that_was_typed() -> None:
    source = ScriptedSource(a_job_view(7))
    source.file_lists[7] = FileList(
        items=[FileView(name=name, size_bytes=24, kind="input") for name in ("a.pdb", "run.sh")]
    )
    source.environments[7] = {"X": "1 2", "API_TOKEN": "***"}
    source.scripts[7] = b"#!/bin/sh\nexec ./dock a.pdb\n"

    async def story(stage: Stage) -> None:
        await stage.press("Y")
        await stage.is_told("clipboard: joborch submit -s example")
        assert stage.app.clipboard == (
            "joborch submit -s example -n dock -e 'X=1 2' -e API_TOKEN a.pdb -- ./dock a.pdb"
        )

    play(story, source)


def test_o_fetches_results_to_a_new_place_and_to_no_other(tmp_path: Path) -> None:
    results = ResultsView(size_bytes=5, sha256="0" * 64)
    source = ScriptedSource(a_job_view(7, COMPLETED, results=results))

    async def story(stage: Stage) -> None:
        await stage.press("o")
        await stage.sees("Fetch 1 job to", "dock-7")
        await stage.press(*str(tmp_path), "enter")
        await stage.sees("name another")
        await stage.press(*"/new", "enter")
        await stage.is_told("fetched 1 file of 1 job")
        assert source.fetched == [(7, tmp_path / "new")]

    play(story, source, size=(120, 40))


def test_there_is_nothing_to_fetch_from_a_job_that_left_nothing() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("o")
        await stage.is_told("nothing to fetch")

    play(story, jobs_in(RUNNING))


def test_c_hides_a_column_for_this_session() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("c")
        await stage.sees("Columns", "SERVICE")
        await stage.press("j", "down", "down", "space", "escape")
        await stage.sees_no("SERVICE")
        assert "service" not in stage.app.jobs.table.shown

    play(story, jobs_in(QUEUED))


def test_the_detail_of_a_job_has_the_same_keys() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press(*"jjjjjj", "enter")
        await stage.sees("job 1213", "history")
        await stage.press("H")
        await stage.is_told("held 1 job")
        assert source.acted == [HoldJobs(ids=[1213])]

    play(story, source)


@pytest.mark.parametrize("key", ["x", "R", "p", "plus", "minus", "H", "U"])
def test_in_read_only_mode_a_key_that_would_change_something_says_so(key: str) -> None:
    source = jobs_in(QUEUED)

    async def story(stage: Stage) -> None:
        await stage.press(key)
        await stage.is_told("does nothing here")
        assert source.acted == []
        assert len(stage.app.screen_stack) == 1

    play(story, source, is_read_only=True)


def test_an_action_whose_answer_does_not_come_is_told_as_unknown() -> None:
    class Silent(ScriptedSource):
        async def act(self, action, *, by=None):  # type: ignore[no-untyped-def]  # it never answers
            self.is_up = False
            self._check()

    source = Silent(a_job_view(1, user_id="ann", submitted_at=NOON - timedelta(minutes=1)))

    async def story(stage: Stage) -> None:
        await stage.press("home", "H")
        await stage.is_told("of 1 job it is not known")

    play(story, source, size=(120, 40))
