"""The dashboard over a real server, an agent and jobs, with a server that is killed in between."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from joborch.client import Orchestrator
from joborch.tui.rhythm import Rhythm
from tests.support.site import Site, a_site
from tests.tui.stage import Stage, on_stage

pytestmark = [pytest.mark.journey, pytest.mark.alone, pytest.mark.timeout(180)]
RHYTHM = Rhythm(gather_s=0.05, surroundings_s=0.2, first_pause_s=0.1, longest_pause_s=0.3)


def test_a_killed_server_is_waited_for_and_nothing_is_missed(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        server = site.serve("--service", "example")
        site.agent()
        first = site.submit("echo hello; sleep 0.2\n", array="1-10")

        async def story(stage: Stage) -> None:
            await stage.sees("live", "10 of 10", "✓C 10", "agents 1/1")
            await stage.press("j", "j")
            selected = stage.table.cursor
            await asyncio.to_thread(server.end, signal.SIGKILL)
            await stage.sees("OFFLINE", "data as of")
            await asyncio.to_thread(site.serve, "--service", "example")
            await stage.sees("live", "10 of 10")
            later = await asyncio.to_thread(site.submit, "echo again\n", array="1-5")
            await stage.sees("15 of 15", "✓C 15")
            assert stage.table.cursor == selected
            assert set(stage.table.order) == {*first, *later}
            await sees_the_rest(stage)

        asyncio.run(played(site, story))


async def sees_the_rest(stage: Stage) -> None:
    await stage.press("enter")
    await stage.sees("complete → completed by agent:compute-1", "run.sh")
    await stage.press("l")
    await stage.sees("hello", "ended: completed")
    await stage.press("q", "q", "4")
    await stage.sees("example", "AGENTS")


async def played(site: Site, story: Callable[[Stage], Awaitable[None]]) -> None:
    async with (
        Orchestrator(site.url) as server,
        on_stage(server, size=(120, 40), rhythm=RHYTHM) as stage,
    ):
        await story(stage)
