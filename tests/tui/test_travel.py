"""Time stands still, and goes back."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from joborch.domain.states import JobState
from tests.support.views import NOON, a_job_view
from tests.support.waiting import async_wait_until
from tests.tui.a_past import a_past
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource, since
from tests.tui.stage import Stage, play

RUNNING, QUEUED, COMPLETED = JobState.RUNNING, JobState.QUEUED, JobState.COMPLETED
EARLIER, LATER = "left_square_bracket", "right_square_bracket"
MINUTE_EARLIER, MINUTE_LATER = "left_curly_bracket", "right_curly_bracket"


def a_short_past() -> ScriptedSource:
    """One job that has ended, one that runs since a minute ago, one that came just now."""
    hour, minute = since(NOON, hours=1), since(NOON, minutes=1)
    ended = {
        "submitted_at": hour,
        "started_at": hour + timedelta(seconds=9),
        "finished_at": since(NOON, minutes=30),
    }
    source = ScriptedSource(
        a_job_view(1, COMPLETED, name="first", **ended),
        a_job_view(2, RUNNING, name="second", submitted_at=hour, started_at=minute),
        a_job_view(3, name="third", submitted_at=since(NOON, seconds=5)),
    )
    source.happened = a_past(source.known.values())
    return source


def row_of(stage: Stage, name: str) -> str:
    return next((line for line in stage.frame.splitlines() if name in line), "")


def test_a_paused_screen_stays_as_it_is_and_counts_what_it_misses() -> None:
    source = a_short_past()

    async def story(stage: Stage) -> None:
        await stage.press("P")
        await stage.sees("⏸ paused · 0 changes")
        source.happen(a_job_view(3, RUNNING, name="third"), a_job_view(4, name="fourth"))
        await stage.sees("⏸ paused · 2 changes")
        assert "·Q" in row_of(stage, "third")
        await stage.press("P")
        await stage.sees("live", "fourth")
        assert "▶R" in row_of(stage, "third")

    play(story, source)


def test_one_event_back_undoes_what_happened_last() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("P", EARLIER)
        await stage.sees("⏸ as of 11:59:00 (seq")
        assert "3 of 3" not in stage.frame
        assert row_of(stage, "third") == ""
        await stage.press(EARLIER)
        await stage.sees("⏸ as of 11:58:59 (seq", "»D 1  ▶R 0")
        assert "»D" in row_of(stage, "second")
        assert "→compute-1" in row_of(stage, "second")
        await stage.press(LATER, LATER)
        await stage.sees("⏸ as of 11:59:55", "3 of 3")
        await stage.press(LATER)
        await stage.is_told("this is where it was paused; P goes on")

    play(story, a_short_past())


def test_ages_are_those_of_the_moment() -> None:
    async def story(stage: Stage) -> None:
        assert "1:00" in row_of(stage, "second")
        await stage.press("P", EARLIER)
        await stage.sees("as of 11:59:00")
        assert "0:00" in row_of(stage, "second")

    play(story, a_short_past())


def test_a_stride_is_a_minute_at_least() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("P", MINUTE_EARLIER)
        await stage.sees("as of 11:30:00", "✓C 1")
        await stage.press(MINUTE_EARLIER)
        await stage.sees("as of 11:00:09")
        assert "▶R" in row_of(stage, "first")
        await stage.press(MINUTE_LATER)
        await stage.sees("as of 11:30:00")

    play(story, a_short_past())


def test_at_the_first_event_it_says_that_it_is_the_first() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("P", *[EARLIER] * 8)
        await stage.sees("this is the first event")

    play(story, a_short_past())


def test_what_was_then_is_gone_when_it_goes_on() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        before = stage.frame
        await stage.press("P", *[EARLIER] * 5)
        await stage.sees("as of")
        await stage.press("P")
        await stage.sees("live")
        await stage.settles()
        assert stage.frame == before

    play(story, source, size=(120, 40))


@pytest.mark.parametrize("key", ["x", "H", "p"])
def test_in_the_past_nothing_is_changed_and_it_says_why(key: str) -> None:
    source = a_short_past()

    async def story(stage: Stage) -> None:
        await stage.press("P", EARLIER)
        await stage.sees("as of")
        await stage.press(key)
        await stage.sees("this is the past: nothing was sent; P goes on")
        assert source.acted == []

    play(story, source, size=(120, 40))


def test_while_it_is_only_paused_jobs_can_be_cancelled() -> None:
    source = a_short_past()

    async def story(stage: Stage) -> None:
        await stage.press("P", "x")
        await stage.sees("Cancel 1 job?")
        await stage.press("1", "enter")  # it is not hers
        await async_wait_until(lambda: source.cancelled)

    play(story, source)


def test_without_a_pause_there_is_no_way_back() -> None:
    async def story(stage: Stage) -> None:
        await stage.press(EARLIER)
        await stage.sees("P pauses first", "live")

    play(story, a_short_past())


def test_of_the_past_agents_and_quotas_are_not_known() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("P", EARLIER)
        await stage.sees("as of", "agents ?", "not known of the past")
        await stage.press("3")
        await stage.sees("as of", "The server keeps what happened to jobs")
        await stage.press("P")
        await stage.sees("compute-1", "2 of 4 up")

    play(story, a_busy_source(), size=(120, 40))


def test_in_detail_a_job_is_shown_as_it_is_now_and_that_is_said() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("P", EARLIER, EARLIER)
        await stage.sees("»D 1  ▶R 0")
        await stage.press("enter")
        await stage.sees("as it is now, not as it was then", "running")

    play(story, a_short_past())


def test_the_past_begins_where_the_history_does() -> None:
    source = a_short_past()
    source.happened = source.happened[-1:]
    source.known = {3: source.known[3]}

    async def story(stage: Stage) -> None:
        source.happen(a_job_view(4))
        await stage.sees("2 of 2")
        await stage.press("P", EARLIER)
        await stage.sees("1 of 1", "third")
        await stage.press(EARLIER)
        await stage.sees("this is the first event")

    play(story, source)


def test_jobs_that_ended_long_ago_are_asked_for() -> None:
    source = a_short_past()

    async def story(stage: Stage) -> None:
        await stage.press("f", "f")  # active ones only
        await stage.sees("2 of 2", "active")
        await stage.press("P", MINUTE_EARLIER, MINUTE_EARLIER)
        await stage.sees("as of 11:00:09", "first")
        assert "▶R" in row_of(stage, "first")

    play(story, source)


def test_a_server_that_is_away_is_told_of_and_what_is_shown_stays() -> None:
    source = a_short_past()

    async def story(stage: Stage) -> None:
        source.happen(replace(source.known[3], name="once the third"))
        await stage.sees("once the third")
        await stage.press("P")
        source.go_away()
        await stage.sees("⏸ paused", "OFFLINE")
        await stage.press(EARLIER)
        await stage.sees("cannot reach", "third")
        source.happen(replace(source.known[3], state=RUNNING, attempt=1))
        source.come_back()
        await stage.sees("⏸ paused · 1 change")
        await stage.press("P")
        await stage.sees("live", "R 2")

    play(story, source)
