"""What is copied is sent to the terminal, which never says whether it took it."""

import pytest

from joborch.tui.clipboard import may_be_ignored
from joborch.tui.formatting import ASCII
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play


@pytest.mark.parametrize(
    "env",
    [
        {"TERM": "xterm-256color", "TMUX": "/run/tmux,1,0"},
        {"TERM": "xterm-256color", "STY": "1.pts-0.host"},
        {"TERM": "screen-256color"},
        {"TERM": "tmux-256color"},
        {"TERM": "linux"},
        {"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"},
        {"TERM": "xterm-256color", "VTE_VERSION": "7402"},
    ],
)
def test_where_it_may_not_arrive_that_is_known(env: dict[str, str]) -> None:
    assert may_be_ignored(env)


@pytest.mark.parametrize("term", ["xterm-256color", "xterm-kitty", "alacritty", "foot", ""])
def test_other_terminals_are_trusted(term: str) -> None:
    assert not may_be_ignored({"TERM": term})


def test_what_was_sent_is_called_sent_and_shown_if_it_is_copied_again() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("y")
        await stage.is_told("sent to the terminal's clipboard: 1207 (y again shows it)")
        assert stage.app.clipboard == "1207"
        await stage.press("y")
        await stage.sees("Copied", "not every terminal takes", "hold shift while you drag")
        assert "\n1207\n" in stage.frame  # at the left edge, and nothing beside it
        await stage.press("escape")
        await stage.sees("18 of 18")
        await stage.press("y")
        assert "not every terminal" not in stage.frame

    play(story, a_busy_source())


def test_of_many_jobs_their_number_is_told_and_every_id_is_sent() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("asterisk", "y")
        await stage.is_told("clipboard: the ids of 18 jobs (y again shows it)")
        assert len(stage.app.clipboard.split()) == 18

    play(story, a_busy_source())


def test_another_job_s_id_is_another_text() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("y", "j", "y")
        await stage.is_told("clipboard: 1208")
        assert "not every terminal" not in stage.frame

    play(story, a_busy_source())


def test_where_it_may_not_arrive_it_is_shown_at_once() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("Y")
        await stage.sees("Copied", "joborch submit -s example -n dock-2oob")
        await stage.press("q", "l")
        await stage.sees("rigidbody 20/20")
        await stage.press("y")
        await stage.sees("not every terminal takes")

    play(story, a_busy_source(), shows_copied=True)


def test_in_seven_bits_there_is_nothing_beside_it_either() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("y")
        await stage.sees("not every terminal takes")
        assert "\n1207\n" in stage.frame
        assert "─" not in stage.frame

    play(story, a_busy_source(), shows_copied=True, glyphs=ASCII)
