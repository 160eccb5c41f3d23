"""The dashboard changes jobs of a real server, and sees it happen."""

import asyncio
from pathlib import Path

import pytest

from joborch.client import Orchestrator
from joborch.tui.rhythm import Rhythm
from tests.support.site import a_site
from tests.tui.stage import Stage, on_stage

pytestmark = [pytest.mark.journey, pytest.mark.alone, pytest.mark.timeout(120)]
RHYTHM = Rhythm(gather_s=0.05, surroundings_s=0.2, first_pause_s=0.1, longest_pause_s=0.3)


def test_jobs_are_held_raised_released_cancelled_and_retried(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "example")
        first, *_ = site.submit("echo hello\n", array="1-3")

        async def story(stage: Stage, server: Orchestrator) -> None:
            await stage.sees("live", "3 of 3")
            await stage.press("asterisk", "H")
            await stage.sees("H 3")
            await stage.press("plus", "plus", "U")
            await stage.sees("Q 3")
            assert {job.priority async for job in server.iter_jobs()} == {70}
            await stage.press("x")
            await stage.sees("Cancel 3 jobs?")
            await stage.press("y")
            await stage.sees("■K 3")
            await stage.press("backslash", "home", "R")
            await stage.sees("4 of 4", "Q 1")
            assert (await server.job(first + 3)).tags["retry_of"]

        async def played() -> None:
            async with (
                Orchestrator(site.url) as server,
                on_stage(server, size=(120, 40), rhythm=RHYTHM) as stage,
            ):
                await story(stage, server)

        asyncio.run(played())
