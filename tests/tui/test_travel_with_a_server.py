"""Back in time over a real server's history, and forward again."""

import asyncio
from pathlib import Path

import pytest

from joborch.client import Orchestrator
from tests.support.site import a_site
from tests.tui.stage import Stage, on_stage
from tests.tui.test_with_a_server import RHYTHM

pytestmark = [pytest.mark.journey, pytest.mark.alone, pytest.mark.timeout(180)]
EARLIER, LATER = "left_square_bracket", "right_square_bracket"


def test_one_goes_back_to_the_submission_and_on_again(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "example")
        site.agent()
        site.submit("echo hello\n", array="1-3")

        async def story(stage: Stage) -> None:
            await stage.sees("live", "3 of 3", "✓C 3")
            await stage.press("P", *[EARLIER] * 12)
            await stage.sees("(seq 1)", "1 of 1", "Q 1")
            await stage.press(LATER, LATER)
            await stage.sees("(seq 3)", "3 of 3", "Q 3")
            await stage.press("6")
            await stage.sees("3 shown", "submitted")
            await stage.press("P")
            await stage.sees("live", "completed")
            await stage.press("5")
            await stage.sees("of 3 jobs", "nothing waits and nothing runs")

        async def played() -> None:
            async with (
                Orchestrator(site.url) as server,
                on_stage(server, size=(120, 40), rhythm=RHYTHM) as stage,
            ):
                await story(stage)

        asyncio.run(played())
