from datetime import timedelta

from joborch.domain.states import JobState
from joborch.tui.formatting import ASCII
from tests.support.views import a_job_view
from tests.support.waiting import async_wait_until
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play

MINUTES_15, HOUR = timedelta(minutes=15), timedelta(hours=1)


def test_the_rate_and_the_end_are_told() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("5")
        await stage.sees("failed 0.", "p50 11m", "p95 38m", "245 queued, 6 active, 1 held")
        await stage.sees("in about 42m (38m to 49m) if nothing else comes", "-15m")

    play(story, a_busy_source())


def test_a_key_turns_to_the_next_window_and_another_back() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press("5")
        await stage.sees("-15m")
        await stage.press("w")
        await stage.sees("-1h ")
        assert HOUR in source.measured
        await stage.press("W", "W")
        await stage.sees("-24h")

    play(story, source)


def test_only_while_it_is_shown_its_windows_are_asked_for() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press("5", "w")
        await stage.sees("-1h ")
        await stage.press("1")
        source.measured.clear()
        source.happen(a_job_view(1213, JobState.RUNNING, name="dock-2oob"))
        await stage.sees("R 6")
        assert HOUR not in source.measured
        await stage.press("5")
        await async_wait_until(lambda: HOUR in source.measured)

    play(story, source)


def test_a_quiet_site_says_what_to_do() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("5")
        await stage.sees("Nothing came or ended in the last 15m.", "joborch submit", "no job ended")
        await stage.sees("nothing waits and nothing runs")

    play(story, ScriptedSource())


def test_while_the_server_is_away_it_is_dated() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press("5")
        await stage.sees("in about 42m")
        source.go_away()
        await stage.sees("OFFLINE", "as of 12:00:00", "in about 42m")

    play(story, source)


def test_in_seven_bits_it_is_drawn_in_seven_bits() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("5")
        await stage.sees("in about 42m")
        assert stage.frame.isascii()
        await stage.press("3")
        await stage.sees("compute-1")
        assert stage.frame.isascii()

    play(story, a_busy_source(), glyphs=ASCII)


def test_every_screen_tells_the_rate_and_when_all_will_be_done() -> None:
    async def story(stage: Stage) -> None:
        for key in "123456":
            await stage.press(key)
            await stage.sees("/min", "ETA 42m")

    play(story, a_busy_source(), size=(120, 40))
