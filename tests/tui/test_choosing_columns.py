"""Which columns are shown and in which order, now and the next time."""

from pathlib import Path

import pytest

from joborch.client.config_file import ConfigFile
from joborch.domain.errors import JoborchError
from joborch.tui.keeping import keep_columns
from joborch.tui.keymap import keymap_of
from joborch.tui.preferences import Preferences
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play
from tests.tui.test_preferences import in_file

NAMED = ("id", "state", "name", "user")


def in_order(stage: Stage, *titles: str) -> bool:
    (head,) = [line for line in stage.frame.splitlines() if " ID " in line]
    places = [head.find(title) for title in titles]
    return -1 not in places and places == sorted(places)


def test_a_column_that_is_moved_stands_elsewhere_now_and_the_next_time(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("# mine\n[top]\nhz = 2  # slow line\n")

    async def story(stage: Stage) -> None:
        await stage.press("c", "J", "down", "space", "escape")
        await stage.is_told(f"these columns are top.columns in {file}")
        assert in_order(stage, "ID", "NAME", "ST")
        assert "USER" not in stage.frame

    play(story, a_busy_source(), columns=NAMED, config_file=file)
    assert file.read_text().startswith("# mine\n[top]\nhz = 2  # slow line\n")
    kept = ConfigFile.read(file).top["columns"]
    assert Preferences.read(columns=in_file(kept)).columns == ("id", "name", "state")


def test_columns_move_with_shift_and_the_arrows_too_and_the_bar_goes_with_them() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("c", "shift+down", "shift+down", "escape")
        assert in_order(stage, "ID", "NAME", "USER", "ST")
        await stage.press("c", "shift+up", "down", "down", "K", "escape")
        assert in_order(stage, "ID", "NAME", "ST", "USER")

    play(story, a_busy_source(), columns=NAMED)


def test_what_was_left_out_comes_where_it_is_moved_to(tmp_path: Path) -> None:
    file = tmp_path / "there" / "config.toml"

    async def story(stage: Stage) -> None:
        await stage.press("c", *["down"] * 3, "space", *"KKK", "escape")
        await stage.sees("SERVICE")
        assert in_order(stage, "ID", "SERVICE", "ST", "NAME", "USER")
        await stage.is_told("these columns are")

    play(story, a_busy_source(), columns=NAMED, config_file=file)
    assert ConfigFile.read(file).top["columns"] == "id,service,state,name,user"


def test_what_is_hidden_is_told_without_colours_and_shown_at_a_click() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("c")
        await stage.sees("[x] USER", "[ ] SERVICE")
        await stage.click("[ ] SERVICE")
        await stage.sees("[x] SERVICE")
        await stage.press("enter", "escape")
        assert "SERVICE" not in stage.frame

    play(story, a_busy_source(), columns=NAMED)


def test_what_is_as_before_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"

    async def story(stage: Stage) -> None:
        await stage.press("c")
        await stage.sees("the choice goes to", "config.toml")
        await stage.press("J", "K", "space", "space", "escape")
        await stage.sees("18 of 18")

    play(story, a_busy_source(), config_file=file, size=(120, 40))
    assert not file.exists()


def test_where_nothing_can_be_written_the_choice_holds_for_the_session(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("no directory")

    async def story(stage: Stage) -> None:
        await stage.press("c", "space", "escape")
        await stage.is_told("these columns are for this session: ")
        await stage.sees("ID NAME")

    play(story, a_busy_source(), columns=NAMED, config_file=tmp_path / "home" / "config.toml")


def test_where_the_file_is_not_understood_the_choice_is_called_one_for_the_session(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken.toml").write_text("[top\n")
    (tmp_path / "directory").mkdir()

    for name in ("broken.toml", "directory"):
        with pytest.raises(JoborchError, match=r"^these columns are for this session: "):
            keep_columns(["id"], tmp_path / name)


def test_a_file_that_is_not_understood_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[top\n")

    with pytest.raises(JoborchError):
        keep_columns(["id"], file)

    assert file.read_text() == "[top\n"


def test_without_a_file_the_dialog_says_that_it_is_for_the_session() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("c")
        await stage.sees("X Y move it", "it is for this session")

    keymap = keymap_of({"columns.down": "X", "columns.up": "Y"})
    play(story, a_busy_source(), keymap=keymap)
