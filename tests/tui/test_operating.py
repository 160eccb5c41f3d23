"""Pausing services and forgetting agents."""

from tests.support.waiting import async_wait_until
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play


def test_a_service_is_paused_with_a_reason_and_resumed() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press("4")
        await stage.sees("prodigy")
        await stage.press("D")
        await stage.sees("Pause example: why?")
        await stage.press(*"disks", "enter")
        await stage.sees("Pause example?", "4 jobs that wait")
        await stage.press("y")
        await stage.sees("! example is paused by ann since 12:00:00: disks")
        await stage.press("D")
        await stage.sees("Resume example?")
        await stage.press("y")
        await stage.sees_no("is paused")

    play(story, source, size=(120, 40))


def test_a_reason_is_not_demanded_and_enter_alone_pauses_nothing() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press("4", "D")
        await stage.sees("why?")
        await stage.press("enter")
        await stage.sees("Pause example?")
        await stage.press("enter")
        await stage.sees_no("Pause example?")
        assert not source.service_views[0].paused
        await stage.press("D")
        await stage.sees("why?")
        await stage.press("enter")
        await stage.sees("Pause example?")
        await stage.press("y")
        await stage.sees("! example is paused by ann since 12:00:00")

    play(story, source, size=(120, 40))


def test_in_read_only_mode_no_service_is_paused() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("4")
        await stage.sees("prodigy")
        await stage.press("D")
        await stage.is_told("read-only: pause it does nothing here")

    play(story, a_busy_source(), is_read_only=True)


def test_an_agent_that_is_down_is_forgotten_once_its_name_was_typed() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press("3", "G", "X")
        await stage.sees("Forget gpu-1 for good?")
        await stage.press(*"gpu-2", "enter")
        await stage.is_told("gpu-2 is not gpu-1: nothing was sent")
        await stage.press("X")
        await stage.sees("Forget gpu-1 for good?")
        await stage.press(*"gpu-1", "enter")
        await stage.is_told("removed the agent gpu-1")
        await async_wait_until(lambda: len(stage.table.order) == 3)

    play(story, source, size=(120, 40))


def test_an_agent_that_is_up_is_not_forgotten() -> None:
    source = a_busy_source()

    async def story(stage: Stage) -> None:
        await stage.press("3", "X")
        await stage.is_told("nothing to remove: compute-1 is not down, or holds jobs")

    play(story, source)

    assert len(source.agent_views) == 4
