"""Who names no theme gets the one that was chosen last in such a terminal."""

from pathlib import Path

import pytest

from joborch.tui.last_theme import LastTheme, has_few_colours
from joborch.tui.preferences import THEMES
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play
from tests.tui.test_commanding import types
from tests.tui.test_terminal import TOP, on_a_terminal

WIDE = (24, 160)


def a_memory(home: Path, *, is_plain: bool = False) -> LastTheme:
    return LastTheme.of({"XDG_STATE_HOME": str(home)}, is_plain=is_plain)


def test_what_is_kept_is_read_again_apart_for_either_kind_of_terminal(tmp_path: Path) -> None:
    assert a_memory(tmp_path).read(THEMES) is None
    assert a_memory(tmp_path, is_plain=True).read(THEMES) == "ansi-dark"
    a_memory(tmp_path).keep("nord")
    assert a_memory(tmp_path).read(THEMES) == "nord"
    assert a_memory(tmp_path, is_plain=True).read(THEMES) == "ansi-dark"
    a_memory(tmp_path, is_plain=True).keep("joborch-cb")
    assert a_memory(tmp_path, is_plain=True).read(THEMES) == "joborch-cb"
    assert a_memory(tmp_path).read(THEMES) == "nord"


@pytest.mark.parametrize("content", [b"no-such-theme\n", b"", b"\xff\xfe", b"nord" * 1000])
def test_what_is_no_theme_counts_for_nothing(tmp_path: Path, content: bytes) -> None:
    memory = a_memory(tmp_path)
    memory.keep("nord")
    memory.path.write_bytes(content)
    assert memory.read(THEMES) is None


def test_where_nothing_can_be_kept_it_goes_on(tmp_path: Path) -> None:
    (tmp_path / "joborch").write_text("in the way")
    a_memory(tmp_path).keep("nord")
    assert a_memory(tmp_path).read(THEMES) is None


@pytest.mark.parametrize(
    ("env", "few"),
    [
        ({"TERM": "linux"}, True),
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({"TEXTUAL_COLOR_SYSTEM": "truecolor"}, False),
    ],
)
def test_terminals_say_how_many_colours_they_have(env: dict[str, str], few: bool) -> None:
    assert has_few_colours(env) is few


def test_a_theme_of_the_palette_and_of_a_command_is_kept(tmp_path: Path) -> None:
    memory = a_memory(tmp_path)

    async def story(stage: Stage) -> None:
        await types(stage, "theme nord")
        await stage.sees("theme nord")
        assert memory.read(THEMES) == "nord"
        await stage.press("ctrl+p", *"dracula")
        await stage.sees("Theme: dracula")
        await stage.press("enter")
        await stage.sees("theme dracula")
        assert memory.read(THEMES) == "dracula"

    play(story, a_busy_source(), size=(160, 24), keep_theme=memory.keep)


def test_a_theme_that_was_only_named_at_the_start_is_not_kept(tmp_path: Path) -> None:
    memory = a_memory(tmp_path)

    async def story(stage: Stage) -> None:
        await stage.sees("theme nord")
        assert memory.read(THEMES) is None

    play(story, a_busy_source(), size=(160, 24), theme="nord", keep_theme=memory.keep)


def test_the_next_time_it_is_there_unless_another_one_is_named(tmp_path: Path) -> None:
    with on_a_terminal(*TOP, home=tmp_path, size=WIDE) as terminal:
        terminal.wait_for("theme textual-dark")
        terminal.type(":theme nord\r")
        terminal.wait_for("theme nord")
        terminal.type("q")
        assert terminal.process.wait(30) == 0
    with on_a_terminal(*TOP, home=tmp_path, size=WIDE) as terminal:
        terminal.wait_for("theme nord")
    with on_a_terminal(*TOP, home=tmp_path, size=WIDE, TEXTUAL_THEME="dracula") as terminal:
        terminal.wait_for("theme dracula")
    with on_a_terminal(*TOP, home=tmp_path, size=WIDE, SSH_CONNECTION="1 2 3 4") as terminal:
        terminal.wait_for("theme ansi-dark")
