"""While the server is away nothing is said to be so that only was."""

import asyncio
from datetime import timedelta

from joborch.tui.news import News
from joborch.tui.rhythm import Rhythm
from tests.support.views import NOON
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, on_stage, play


def test_while_the_server_is_away_all_times_stand_still_and_the_next_try_is_counted_down() -> None:
    source, time = a_busy_source(), [NOON]
    slow = Rhythm(gather_s=0.01, surroundings_s=0.01, first_pause_s=40, longest_pause_s=40)

    async def story() -> None:
        async with on_stage(source, size=(200, 60), rhythm=slow, now=lambda: time[0]) as stage:
            await stage.sees("live", "agents 2/4", "running 0:41")
            source.go_away()
            await stage.sees("OFFLINE 0:00", "agents ?/4", "stale  ETA -", "r retry now")
            retry_at = stage.app.picture.link.retry_at
            assert retry_at
            time[0] = retry_at - timedelta(seconds=5)
            stage.app.spread(News())
            await stage.sees("retry in 5 s", "running 0:41", "? stale", "data as of 12:00:00")
            await stage.sees_no("● up")
            assert "OFFLINE 0:00" not in stage.frame
            time[0] = retry_at
            stage.app.spread(News())
            await stage.sees("trying again", "seen 2s ago")
            await stage.press("3")
            await stage.sees("? of 4 up", "? stale")

    asyncio.run(story())


def test_where_no_server_was_ever_heard_nothing_is_counted() -> None:
    source = ScriptedSource()
    source.go_away()

    async def story(stage: Stage) -> None:
        await stage.sees("retry", "not known yet")
        assert "·Q" not in stage.frame
        for key in "234":
            await stage.press(key)
            await stage.sees("not known yet")
            await stage.sees_no("joborch agent")

    play(story, source, first="OFFLINE")
