"""What a dashboard sends over the wire each second: the digits of its clocks, and little else."""

import re
from pathlib import Path

import pytest

from tests.support.site import a_site
from tests.support.waiting import wait_until
from tests.tui.test_terminal import Terminal, on_a_terminal

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]
MOST_AT_REST, MOST_WITH_CLOCKS = 300, 1200
"""Bytes a second, of which 2,500 are what 20 kbit/s carry."""
TICKS = 6
TIME_OF_DAY = re.compile(r"\x1b\[1;7\d*H")
"""The place of its last digits in the first line of 80 columns."""
TWENTY_CLOCKS = """
import asyncio
from datetime import UTC, datetime, timedelta
from joborch.domain.states import JobState
from joborch.tui.app import Dashboard, show
from tests.support.views import a_job_view
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import a_look

now = lambda: datetime.now(UTC)
started = now() - timedelta(minutes=3)
jobs = [a_job_view(i, JobState.RUNNING, started_at=started) for i in range(1, 21)]
raise SystemExit(asyncio.run(show(Dashboard(ScriptedSource(*jobs), a_look(now=now)))))
"""


def sent_a_second(terminal: Terminal) -> float:
    """So many bytes are sent from one second to the next."""

    def ticks() -> int:
        return len(TIME_OF_DAY.findall(terminal.seen))

    wait_until(lambda: ticks() >= 2, timeout=60)  # the first frames are over
    before, first = len(terminal.seen), ticks()
    wait_until(lambda: ticks() >= first + TICKS, timeout=60)
    return (len(terminal.seen) - before) / (ticks() - first)


def test_at_rest_a_dashboard_sends_little_more_than_the_time(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "example")
        top = ("-m", "joborch", "top", "--server", site.url, "--hz", "4")
        with on_a_terminal(*top, home=tmp_path, TZ="UTC") as terminal:
            terminal.wait_for("live")
            terminal.wait_for("/min")
            assert sent_a_second(terminal) < MOST_AT_REST


def test_of_twenty_clocks_only_the_digits_that_change_are_sent(tmp_path: Path) -> None:
    with on_a_terminal("-c", TWENTY_CLOCKS, home=tmp_path, TZ="UTC") as terminal:
        terminal.wait_for("live")
        terminal.wait_for("3:0")
        assert sent_a_second(terminal) < MOST_WITH_CLOCKS
