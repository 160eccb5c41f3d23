"""What a dashboard at rest sends over the wire: its clock, and little else."""

from pathlib import Path

import pytest

from tests.support.site import a_site
from tests.support.waiting import wait_until
from tests.tui.test_terminal import on_a_terminal

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]
MOST_A_SECOND = 2048
TICKS = 6


def test_at_rest_a_dashboard_sends_little_more_than_the_time(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "example")
        top = ("-m", "joborch", "top", "--server", site.url)
        with on_a_terminal(*top, home=tmp_path, TZ="UTC") as terminal:
            terminal.wait_for("live")
            terminal.wait_for("/min")
            before, ticks = len(terminal.seen), terminal.seen.count(" UTC ")
            wait_until(lambda: terminal.seen.count(" UTC ") >= ticks + TICKS, timeout=60)
            assert len(terminal.seen) - before < TICKS * MOST_A_SECOND
