"""Going from screen to screen."""

from tests.support.waiting import async_wait_until
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play


def test_tab_shows_one_screen_after_the_other_and_begins_again() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("tab")
        await stage.sees("Users and quotas")
        await stage.press("shift+tab", "shift+tab")
        await stage.sees("Events")
        await stage.press("tab")
        await stage.sees("18 of 18")

    play(story, a_busy_source())


def test_tab_leaves_the_field_of_the_filter_first() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("f3", *"bob", "tab")
        await stage.sees("bob")
        assert stage.app.current_mode == "jobs"
        assert stage.app.focused is stage.table

    play(story, a_busy_source())


def test_minus_shows_the_last_screen_and_among_jobs_a_grave_accent_does() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("3")
        await stage.sees("compute-3")
        await stage.press("minus")
        await stage.sees("18 of 18")
        await stage.press("grave_accent")
        await stage.sees("compute-3")

    play(story, a_busy_source())


def test_f10_leaves() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("f10")
        await async_wait_until(lambda: stage.app.return_code == 0)

    play(story, a_busy_source())
