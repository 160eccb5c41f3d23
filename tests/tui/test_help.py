import pytest

from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play

FIRST, LAST = "Everywhere", "tag:run=night  !word"


@pytest.mark.parametrize(
    ("down", "up", "times"),
    [
        ("G", "g", 1),
        ("end", "home", 1),
        ("j", "k", 60),
        ("down", "up", 60),
        ("pagedown", "pageup", 9),
    ],
)
def test_the_help_can_be_read_to_its_end_with_the_keys_of_a_table(
    down: str, up: str, times: int
) -> None:
    async def story(stage: Stage) -> None:
        await stage.press("question_mark")
        await stage.sees(FIRST)
        assert LAST not in stage.frame
        await stage.press(*[down] * times)
        await stage.sees(LAST)
        await stage.press(*[up] * times)
        await stage.sees(FIRST)

    play(story, ScriptedSource())
