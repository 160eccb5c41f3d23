"""Where there is no terminal to lend, ``!`` says so; test_terminal.py has one."""

from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play
from tests.tui.test_commanding import types


def test_a_terminal_that_cannot_be_lent_is_told() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("exclamation_mark")
        await stage.is_told("no shell: this terminal cannot be lent to one")

    play(story, a_busy_source())


def test_the_word_does_what_the_key_does() -> None:
    async def story(stage: Stage) -> None:
        await types(stage, "shell")
        await stage.is_told("no shell: this terminal cannot be lent to one")

    play(story, a_busy_source())
