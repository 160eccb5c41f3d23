import pytest

from tests.support.waiting import async_wait_until
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play


async def types(stage: Stage, text: str) -> None:
    await stage.press("colon")
    await stage.sees("Command")
    await stage.press(*text, "enter")


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("users", "Users and quotas"),
        ("agents", "compute-3"),
        ("help", "Everywhere"),
        ("filter user:bob", "4 of 18"),
        ("sort -id", "by id, turned round"),
    ],
)
def test_a_command_is_obeyed(typed: str, seen: str) -> None:
    async def story(stage: Stage) -> None:
        await types(stage, typed)
        await stage.sees(seen)

    play(story, a_busy_source(), size=(120, 40))


def test_a_command_changes_the_theme() -> None:
    async def story(stage: Stage) -> None:
        await types(stage, "theme nord")
        await async_wait_until(lambda: stage.app.theme == "nord")

    play(story, a_busy_source())


def test_q_leaves() -> None:
    async def story(stage: Stage) -> None:
        await types(stage, "q")
        await async_wait_until(lambda: stage.app.return_code == 0)

    play(story, a_busy_source())


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("make tea", "There is no make; there are jobs users"),
        ("sort colour", "Sort by what? id state"),
        ("theme no-such", "Which theme?"),
    ],
)
def test_what_is_no_command_stays_to_be_mended(typed: str, says: str) -> None:
    async def story(stage: Stage) -> None:
        await types(stage, typed)
        await stage.sees(says)
        await stage.press("escape")
        await stage.sees("18 of 18")

    play(story, a_busy_source(), size=(120, 40))


def test_the_palette_finds_an_action_by_its_words_and_does_it() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("ctrl+p")
        await stage.sees("Jobs: cancel marked, or this (x f9)")
        await stage.press(*"json")
        await stage.sees("Jobs: as JSON (J)")
        await stage.sees_no("cancel marked")
        await stage.press("enter")
        await stage.sees('"batch": "b-31"')

    play(story, a_busy_source(), size=(120, 40))


def test_the_palette_has_nothing_that_changes_something_in_read_only_mode() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("ctrl+p")
        await stage.sees("Jobs: follow the log (l)")
        assert "cancel marked" not in stage.frame

    play(story, a_busy_source(), size=(120, 40), is_read_only=True)
