"""The line of a wide terminal that says what holds on every screen."""

import pytest

from joborch.tui.formatting import ASCII
from joborch.tui.lines import TABS
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play
from tests.tui.test_commanding import types

WIDE, COLUMN = (160, 24), (200, 60)


def standing(stage: Stage) -> str:
    """The line with the screens, which is one of the last two."""
    return next(line for line in stage.frame.splitlines()[-2:] if "2 Users 3 Agents" in line)


def test_a_wide_terminal_says_which_theme_it_is_and_whether_anything_can_be_changed() -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("theme textual-dark · read-write")
        assert standing(stage).startswith(" 1 Jobs 2 Users 3 Agents 4 Services 5 Throughput 6 Ev")
        assert standing(stage).endswith("theme textual-dark · read-write")
        await types(stage, "theme nord")
        await stage.sees("theme nord · read-write")
        await types(stage, "ro")
        await stage.sees("theme nord · read-only")
        await types(stage, "rw")
        await stage.press(*"prod", "enter")
        await stage.sees("theme nord · read-write")

    play(story, a_busy_source(), size=WIDE, profile="prod")


def test_it_counts_the_marks() -> None:
    async def story(stage: Stage) -> None:
        assert "marked" not in stage.frame
        await stage.press("space", "space")
        await stage.sees("2 marked *")
        assert "2 marked *" in standing(stage)
        assert stage.frame.count("2 marked") == 1
        await stage.press("backslash")
        await stage.sees_no("marked")

    play(story, a_busy_source(), size=COLUMN)


@pytest.mark.parametrize("number", range(1, 7))
def test_every_screen_has_it_and_no_other_list_of_screens(number: int) -> None:
    async def story(stage: Stage) -> None:
        await stage.press(str(number))
        name = TABS[number - 1].capitalize()
        await stage.sees(f"{number} {name}", "read-write")
        assert stage.frame.count("2 Users 3 Agents") == 1
        assert "read-write" in standing(stage)

    play(story, a_busy_source(), size=WIDE)


def test_without_colours_it_names_no_theme() -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("no colours - read-only")

    source = a_busy_source()
    play(story, source, size=WIDE, is_colored=False, is_read_only=True, glyphs=ASCII)


def test_a_narrower_terminal_has_another_job_instead() -> None:
    async def story(stage: Stage) -> None:
        assert "theme" not in stage.frame
        assert "6 Events" in stage.frame
        await stage.pilot.resize_terminal(*COLUMN)
        await stage.sees("theme textual-dark")

    play(story, a_busy_source(), size=(159, 60))
