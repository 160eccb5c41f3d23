"""The events beside the jobs: those of their own screen, as many as there is room for."""

from joborch.domain.states import JobState
from joborch.tui.panes.happened import EventsPane
from tests.support.views import NOON, a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play
from tests.tui.test_events_screen import a_long_past

COLUMN, STRIP = (200, 60), (120, 40)


def told(stage: Stage) -> list[str]:
    """What the panel says, line by line."""
    return stage.app.jobs.query_one(EventsPane).content.plain.splitlines()


def test_what_happened_last_is_told_and_what_happens_is_added_below_it() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.sees("Events 6", "11:59:59 1212 given to compute-1 · server")
        source.happen(a_job_view(1213, JobState.ASSIGNED, user_id="ann", name="dock-2oob"))
        await stage.sees("12:00:00 1213 given to an agent")
        assert told(stage)[-1].startswith("12:00:00 1213")

    play(story, source, size=COLUMN)


def test_where_there_is_no_room_for_them_they_are_not_asked_for() -> None:
    source = a_busy_source()
    source.happened, known = [], source.happened

    async def story(stage: Stage) -> None:
        assert "Events 6 ─" not in stage.frame
        source.happened = known  # an earlier question would have found nothing
        await stage.pilot.resize_terminal(*COLUMN)
        await stage.sees("Events 6 ─", "1212 given to compute-1")

    play(story, source, size=STRIP)


def test_what_was_missed_while_the_server_was_away_is_asked_for() -> None:
    source = a_long_past(5)

    async def story(stage: Stage) -> None:
        await stage.sees("7 priority 4 → 5 · ann")
        source.go_away()
        await stage.sees("OFFLINE")
        source.happened += a_long_past(9).happened[5:]
        source.come_back()
        await stage.sees("7 priority 8 → 9 · ann")
        assert len(told(stage)) == 9

    play(story, source, size=COLUMN)


def test_another_database_s_events_take_the_place_of_the_one_s_before() -> None:
    source = a_long_past(50)

    async def story(stage: Stage) -> None:
        await stage.sees("7 priority 49 → 50 · ann")
        source.go_away()
        await stage.sees("OFFLINE")
        source.become_another(a_job_view(1, name="first"), at=NOON)
        source.come_back()
        await stage.sees("12:00:00 1 submitted")
        assert len(told(stage)) == 1

    play(story, source, size=COLUMN)


def test_in_a_pause_they_end_when_it_began_and_in_the_past_at_its_moment() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.sees("1212 given to compute-1")
        await stage.press("P")
        source.happen(a_job_view(1463))
        await stage.sees("1 change")
        assert "1463" not in "".join(told(stage))
        await stage.press("left_curly_bracket")
        await stage.sees("as of 11:59:00")
        assert told(stage)[-1] == "11:59:00 1462 submitted · bob"
        assert len(told(stage)) > 10
        await stage.press("P")
        await stage.sees("1463 submitted")

    play(story, source, size=COLUMN)


def test_far_back_those_of_then_are_asked_for() -> None:
    source = a_long_past(1000)

    async def story(stage: Stage) -> None:
        await stage.sees("priority 999 → 1000")
        await stage.press("P", *["left_curly_bracket"] * 6)
        await stage.sees("as of 11:54:00", "priority 639 → 640 · ann")
        await stage.press("P")
        await stage.sees("priority 999 → 1000")

    play(story, source, size=COLUMN)


def test_what_a_job_and_its_user_are_called_goes_on_the_screen_only_cleaned() -> None:
    source = a_long_past(1)
    source.happened[0].actor = "user:\x1b]0;x\x07[bold]ann"

    async def story(stage: Stage) -> None:
        await stage.sees("[bold]ann")
        assert "\x1b" not in "".join(told(stage))

    play(story, source, size=COLUMN)


def test_while_nothing_has_happened_it_says_so() -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("Nothing has happened yet.")

    play(story, ScriptedSource(), size=COLUMN)
