"""``joborch top --screen NAME``."""

import asyncio

import pytest

from joborch.cli.top import SCREENS
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, on_stage, play


@pytest.mark.parametrize("screen", [name for name in SCREENS if name != "jobs"])
def test_a_screen_can_be_the_first(screen: str) -> None:
    async def story() -> None:
        async with on_stage(a_busy_source(), screen=screen) as stage:
            await stage.pilot.pause()
            assert stage.app.current_mode == screen

    asyncio.run(story())


def test_from_a_first_screen_one_gets_to_the_jobs() -> None:
    async def story(stage: Stage) -> None:
        assert stage.app.current_mode == "users"
        await stage.press("escape")
        await stage.sees("18 of 18")

    play(story, a_busy_source(), screen="users")
