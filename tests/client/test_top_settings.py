"""The table of the dashboard in a configuration file, and what people write into it."""

from pathlib import Path

import pytest

from joborch.client import load_settings
from joborch.client.known import Known
from joborch.client.top_settings import TopSettings, top_settings
from joborch.domain.errors import SettingsError


def told(home: Path, text: str, **env: str) -> TopSettings:
    path = home / "config.toml"
    path.write_text(text)
    return top_settings(load_settings(env={"LOGNAME": "ada"} | env, config=path).known)


def test_all_of_it_is_understood(tmp_path: Path) -> None:
    text = '[top]\ntheme = "nord"\nhz = 2\nmouse = false\nconfirm = "always"\n'
    text += 'columns = ["id", "name"]\ngraph = "block"\n'

    settings = told(tmp_path, text)

    assert (settings.hz, settings.has_mouse, settings.confirm) == (2.0, False, "always")
    assert settings.theme == Known(text="nord", origin=f"[top] in {tmp_path / 'config.toml'}")
    assert settings.graph == "block"
    assert settings.columns
    assert settings.columns.text == "id,name"


def test_without_such_a_table_nothing_is_chosen(tmp_path: Path) -> None:
    assert told(tmp_path, "") == TopSettings()


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    settings = told(tmp_path, '[top]\ntheme = "nord"\nhz = 2\n', JOBORCH_HZ="3")

    assert settings.hz == 3
    assert settings.theme
    assert settings.theme.text == "nord"


def test_a_command_may_be_written_with_quotes_or_without(tmp_path: Path) -> None:
    settings = told(tmp_path, '[top.keys]\n"job.cancel" = "X"\njob.hold = "ctrl+h"\n')

    assert {command: one.text for command, one in settings.keys.items()} == {
        "job.cancel": "X",
        "job.hold": "ctrl+h",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hz = 1000", "hz '1000' is no number from 0.1 to 30"),
        ('hz = "often"', "hz 'often' is no number from 0.1 to 30"),
        ('mouse = "no"', "mouse 'no' is neither true nor false"),
        ('confirm = "yes"', "confirm 'yes' is none of always, multi, never"),
        ('graph = "pie"', "graph 'pie' is none of braille, block, ascii"),
        ("columns = []", "columns says nothing"),
    ],
)
def test_a_wrong_value_is_told_with_its_file(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        told(tmp_path, f"[top]\n{text}\n")

    assert str(caught.value) == f"[top] in {tmp_path / 'config.toml'}: {words}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[top]\nhz = [1]", "top.hz is no text or number"),
        ("[top]\nkeys = 3", r"\[top.keys\] is no table"),
        ("[top.keys]\njob.cancel = ['x']", "top.keys.job.cancel is no text or number"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_its_file(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=rf"config.toml cannot be read: {words}"):
        told(tmp_path, text)


def test_a_wrong_pace_of_the_dashboard_concerns_no_other_command(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[top]\nhz = 1000\n")

    assert load_settings(env={"LOGNAME": "ada"}, config=path).user_id == "ada"


def test_an_unknown_key_is_a_warning_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[top]\ncolums = ["id"]\n')

    settings = load_settings(env={"LOGNAME": "ada"}, config=path)

    assert settings.warnings == (f"{path}: unknown key 'colums'; is 'columns' meant?",)
