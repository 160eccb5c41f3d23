"""What ``joborch top`` is told at its start, before there is a screen."""

import pytest

from joborch.cli.commands import COMMANDS
from joborch.cli.main import load
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
        (("--screen", "users", "--once"), "no other --screen"),
        (("--screen", "users", "--plain"), "no other --screen"),
    ],
)
def test_a_screen_that_there_is_not_is_a_mistake_of_usage(
    joborch: Run, options: tuple[str, ...], words: str
) -> None:
    done = joborch("top", *options)

    assert done.code == 2
    assert words in done.err
