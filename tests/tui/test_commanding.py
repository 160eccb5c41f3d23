from pathlib import Path

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


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("users bob", "user:bob"),
        ("agents compute-1", "agent:compute-1"),
        ("services haddock", "service:haddock"),
    ],
)
def test_a_name_after_a_screen_shows_its_jobs(typed: str, seen: str) -> None:
    async def story(stage: Stage) -> None:
        await types(stage, typed)
        await stage.sees(seen)

    play(story, a_busy_source(), size=(120, 40))


def test_jobs_are_named_as_in_a_filter_to_act_on_them() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await types(stage, "cancel 1213-1214")
        await stage.sees("Cancel 2 jobs?", "1213")
        await stage.press("y")
        await stage.sees("cancelled 2 jobs")
        await types(stage, "prio 1215 80")
        await stage.sees("gave priority 80 to 1 job")

    play(story, source, size=(120, 40))

    assert source.cancelled == [1213, 1214]
    assert source.known[1215].priority == 80


def test_in_read_only_mode_no_command_changes_anything() -> None:
    async def story(stage: Stage) -> None:
        await types(stage, "cancel 1213")
        await stage.is_told("read-only: nothing was sent")

    play(story, a_busy_source(), size=(120, 40), is_read_only=True)


def test_ro_forbids_changes_and_rw_allows_them_once_the_profile_was_typed() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("3")
        await stage.sees("D drain")
        await types(stage, "ro")
        await stage.sees_no("D drain")
        await stage.press("1")
        await stage.sees("read-only")
        await stage.sees_no("x cancel")
        await stage.press("x")
        await stage.is_told("read-only: cancel does nothing here")
        await types(stage, "rw")
        await stage.sees("Let changes happen?", "Type prod")
        await stage.press(*"prod", "enter")
        await stage.sees("x cancel")
        await stage.press("x")
        await stage.sees("Cancel 1 job?")
        await stage.press("escape", "3")
        await stage.sees("D drain")

    play(story, a_busy_source(), size=(120, 40), profile="prod")


def test_what_was_started_read_only_stays_so_if_something_else_is_typed() -> None:
    async def story(stage: Stage) -> None:
        await types(stage, "rw")
        await stage.sees("Let changes happen?")
        await stage.press("y", "enter")
        await stage.is_told("nothing was sent")
        assert stage.app.desk.look.is_read_only

    play(story, a_busy_source(), size=(120, 40), is_read_only=True, profile="prod")


def test_the_screen_is_drawn_into_a_file(tmp_path: Path) -> None:
    picture = tmp_path / "screen.svg"

    async def story(stage: Stage) -> None:
        await types(stage, f"svg {picture}")
        await stage.is_told("wrote")

    play(story, a_busy_source(), size=(120, 40))

    assert "haddock-cplx" in picture.read_text()


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
        ("cancel", "Which jobs?"),
        ("cancel 77", "No job here is 77."),
        ("cancel age>soon", "soon"),
        ("prio 1213", "A whole number from 0 to 100."),
        ("prio 1213 800", "A whole number from 0 to 100."),
        ("prio 80", "Which jobs?"),
        ("svg /", "/ is there already"),
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
