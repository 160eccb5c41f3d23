"""What has no room ends with a sign that there is more, and what is folded stays in its column."""

import pytest

from joborch.domain.states import JobState
from joborch.tui.formatting import ASCII, UNICODE, Glyphs
from tests.support.views import NOON, a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_last_column_cut_beside_a_scroll_bar_says_so(glyphs: Glyphs) -> None:
    failed = {"agent": "compute-2", "exit_code": 3, "finished_at": NOON}
    source = ScriptedSource(*(a_job_view(i, JobState.FAILED, **failed) for i in range(1, 40)))

    async def story(stage: Stage) -> None:
        await stage.sees(f"exit 3 on compute{glyphs.more}")

    play(story, source, glyphs=glyphs)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_line_that_has_no_room_says_so(glyphs: Glyphs) -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("6 active, 1 h")
        line = next(line for line in stage.frame.splitlines() if "6 active" in line)
        assert line.rstrip("│| ").endswith(f"1 h{glyphs.more}")

    play(story, a_busy_source(), size=(120, 40), glyphs=glyphs)


def test_of_times_only_whole_ones_are_shown() -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("p95 38m")
        waits = next(line for line in stage.frame.splitlines() if "p50 11m" in line)
        assert waits.rstrip("│ ").endswith("p95 38m")

    play(story, a_busy_source(), size=(120, 40))


def test_what_a_fact_has_no_room_for_stays_right_of_the_labels() -> None:
    source = a_busy_source()
    source.histories[1207][-1].detail["note"] = "it is long " * 9

    async def story(stage: Stage) -> None:
        await stage.press("enter")
        await stage.sees("note=it is long")
        lines = [line for line in stage.frame.splitlines() if "it is long" in line]
        assert len(lines) > 1
        assert all(line.startswith(" " * 10) for line in lines[1:])

    play(story, source)
