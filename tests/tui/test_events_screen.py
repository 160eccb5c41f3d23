from datetime import timedelta

from joborch.domain.states import JobState
from joborch.wire.events import EventView
from tests.support.views import NOON, a_job_view
from tests.support.waiting import async_wait_until
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play


def a_long_past(events: int) -> ScriptedSource:
    """One job that was offered again and again, a second apart."""
    source = ScriptedSource(a_job_view(7, name="restless"))
    source.happened = [
        EventView(
            seq=seq,
            job_id=7,
            attempt=0,
            event="changed",
            from_state="queued",
            to_state="queued",
            actor="user:ann",
            at=NOON - timedelta(seconds=events - seq),
            detail={"priority": {"old": seq - 1, "new": seq}},
        )
        for seq in range(1, events + 1)
    ]
    return source


def test_what_happened_is_told_and_what_happens_is_added() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press("6")
        await stage.sees("failed, exit 1", "given to compute-1", "following")
        source.happen(a_job_view(1213, JobState.ASSIGNED, user_id="ann", name="dock-2oob"))
        await async_wait_until(lambda: stage.table.order[-1] == source.newest)
        await stage.sees("1213 dock-2oob")

    play(story, source)


def test_at_the_top_what_was_before_is_asked_for() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("6")
        await stage.sees("200 shown", "priority 499 → 500")
        await stage.press("g")
        await stage.sees("400 shown", "stopped; G follows")
        assert stage.table.cursor == 301
        await stage.press("g")
        await stage.sees("500 shown")
        await stage.press("g")
        await stage.sees("priority 0 → 1")

    play(story, a_long_past(500))


def test_who_reads_further_up_is_left_there() -> None:
    source = a_long_past(50)

    async def story(stage: Stage) -> None:
        await stage.press("6")
        await stage.sees("50 shown")
        await stage.press("k")
        source.happen(a_job_view(7, JobState.RUNNING, name="restless"))
        await stage.sees("51 shown", "stopped; G follows")
        assert stage.table.cursor == 49
        await stage.press("G")
        await stage.sees("following")

    play(story, source)


def test_a_search_goes_up_from_the_newest() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("6")
        await stage.sees("50 shown")
        await stage.press("slash", *"ity 1", "enter")
        await stage.sees("11 say ity 1")
        assert stage.table.cursor == 20
        await stage.press("n")
        assert stage.table.cursor == 19
        await stage.press("N")
        assert stage.table.cursor == 20
        await stage.press("slash", *[*["backspace"] * 5, *"nothing"], "enter")
        await stage.sees("nothing above says nothing")

    play(story, a_long_past(50))


def test_enter_opens_the_job() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("6")
        await stage.sees("50 shown")
        await stage.press("enter")
        await stage.sees("job 7  restless")

    play(story, a_long_past(50))


def test_after_events_were_lost_it_begins_anew() -> None:
    source = a_long_past(50)

    async def story(stage: Stage) -> None:
        await stage.press("6")
        await stage.sees("50 shown")
        source.happened += a_long_past(400).happened[50:]
        source.lose_events()
        await stage.sees("200 shown", "priority 399 → 400")

    play(story, source)


def test_going_back_in_time_takes_lines_away() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("6")
        await stage.sees("50 shown")
        await stage.press("P", "left_square_bracket", "left_square_bracket")
        await stage.sees("48 shown", "(seq 48)")
        await stage.press("right_square_bracket")
        await stage.sees("49 shown", "(seq 49)")

    play(story, a_long_past(50))


def test_far_back_in_time_other_lines_are_asked_for() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("6")
        await stage.sees("200 shown", "499 → 500")
        await stage.press("P", *["left_curly_bracket"] * 5)
        await stage.sees("(seq 200)", "199 → 200")
        await stage.press("right_square_bracket")
        await stage.sees("(seq 201)", "200 → 201")
        await stage.press("P")
        await stage.sees("live", "499 → 500", "following")

    play(story, a_long_past(500))


def test_where_nothing_has_happened_it_says_so() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("6")
        await stage.sees("Nothing has happened yet.")

    play(story, ScriptedSource())
