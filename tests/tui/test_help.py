import pytest

from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play

FIRST, LAST = "Everywhere", "tag:run=night  !word"


@pytest.mark.parametrize(
    ("down", "up"),
    [("G", "g"), ("end", "home"), ("j", "k"), ("down", "up"), ("pagedown", "pageup")],
)
def test_the_help_can_be_read_to_its_end_with_the_keys_of_a_table(down: str, up: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.press("question_mark")
        await stage.sees(FIRST)
        assert LAST not in stage.frame
        await stage.press(*[down] * 60)
        await stage.sees(LAST)
        await stage.press(*[up] * 60)
        await stage.sees(FIRST)

    play(story, ScriptedSource())
