"""What ``joborch top`` is told at its start, before there is a screen."""

from pathlib import Path

import pytest

from joborch.cli.commands import COMMANDS
from joborch.cli.main import load
from joborch.cli.top import _theme
from joborch.client.known import Known
from joborch.client.top_settings import TopSettings
from tests.support.command_line import Run


def told(*arguments: str) -> dict[str, object]:
    return load("top", COMMANDS["top"]).make_context("top", [*arguments]).params


def test_theme_and_pace_may_stand_in_the_environment_and_a_flag_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JOBORCH_THEME", "nord")
    monkeypatch.setenv("JOBORCH_HZ", "2")

    unasked, asked = told(), told("--theme", "ansi-dark", "--hz", "4")

    assert (unasked["theme"], unasked["hz"]) == ("nord", 2.0)
    assert (asked["theme"], asked["hz"]) == ("ansi-dark", 4.0)


def test_a_pace_in_the_environment_has_the_same_bounds(joborch: Run) -> None:
    done = joborch("top", "--once", JOBORCH_HZ="1000")

    assert done.code == 2
    assert "JOBORCH_HZ" in done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--screen", "nope"), "none of jobs, users"),
        (("--graph", "pie"), "none of braille, block, ascii"),
        (("--screen", "users", "--once"), "no other --screen"),
        (("--screen", "users", "--plain"), "no other --screen"),
    ],
)
def test_a_screen_or_a_graph_that_there_is_not_is_a_mistake_of_usage(
    joborch: Run, options: tuple[str, ...], words: str
) -> None:
    done = joborch("top", *options)

    assert done.code == 2
    assert words in done.err


def test_a_column_that_there_is_not_is_told_with_the_file_and_nothing_is_shown(
    joborch: Run, home: Path
) -> None:
    file = home / "wrong.toml"
    file.write_text('[top]\ncolumns = ["id", "colour"]\n')

    done = joborch("top", "--once", "--config", str(file))

    assert done.code == 2
    assert f"[top] in {file}: columns has 'colour', which is none of id, state" in done.err


def test_the_mouse_is_the_files_matter_unless_a_flag_says_so() -> None:
    assert [told(*flag)["mouse"] for flag in ((), ("--mouse",), ("--no-mouse",))] == [
        None,
        True,
        False,
    ]


def test_a_theme_for_all_programs_is_the_last_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", "nord")
    in_file = Known(text="gruvbox", origin="[top] in x.toml")

    themes = [
        _theme("dracula", TopSettings(theme=in_file)),
        _theme(None, TopSettings(theme=in_file)),
        _theme(None, TopSettings()),
    ]

    assert [theme.text for theme in themes if theme] == ["dracula", "gruvbox", "nord"]
