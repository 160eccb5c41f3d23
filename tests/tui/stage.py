"""The dashboard on a terminal that only a test sees, and what is on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from textual.events import Key, MouseDown, MouseUp
from textual.keys import _character_to_key
from textual.pilot import Pilot

from joborch.tui.app import Dashboard
from joborch.tui.look import Look
from joborch.tui.rhythm import Rhythm
from joborch.tui.screens.site import SiteScreen
from joborch.tui.source import Source
from joborch.tui.widgets.line_table import LineTable
from tests.support.views import NOON
from tests.support.waiting import async_wait_until

QUICK = Rhythm(
    gather_s=0.01, surroundings_s=0.01, at_rest_s=60, first_pause_s=0.01, longest_pause_s=0.02
)
SIZES = ((80, 24), (120, 40), (200, 60))


@dataclass(frozen=True, slots=True)
class Stage:
    """A running dashboard."""

    app: Dashboard
    pilot: Pilot[Any]

    @property
    def frame(self) -> str:
        """What a person sees, as text. The only place that knows how to get it."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(piece.text for piece in strip).rstrip() for strip in strips)

    @property
    def table(self) -> "LineTable[Any, Any]":
        """The table of the screen."""
        screen = self.app.screen
        assert isinstance(screen, SiteScreen)
        return screen.query_one(LineTable)

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until they have had their effect."""
        await self.pilot.press(*keys)
        arrived = asyncio.Event()
        if self.app.call_later(arrived.set):
            await arrived.wait()
            await self.app.typed.join()
        await self.pilot.pause()

    async def press_at_once(self, *keys: str) -> None:
        """Press keys as they come in one read from a terminal, and wait as for others."""
        for key in keys:
            name, character = (_character_to_key(key), key) if len(key) == 1 else (key, None)
            self.app.post_message(Key(name, character))
        await self.press()

    def click_at_once(self, text: str, *, button: int = 1) -> None:
        """Click where this is to be seen, as it comes from a terminal; it waits for its turn."""
        y, line = next((y, line) for y, line in enumerate(self.frame.splitlines()) if text in line)
        x = cell_len(line.partition(text)[0])
        for kind in (MouseDown, MouseUp):
            event = kind(None, x, y, 0, 0, button, False, False, False, x, y)
            self.app.post_message(event)

    async def click(self, text: str, *, button: int = 1) -> None:
        """Click where this is to be seen, and wait until that has had its effect."""
        self.click_at_once(text, button=button)
        await self.press()

    async def sees(self, *words: str) -> None:
        """Wait until all of these are on the screen."""
        await async_wait_until(
            lambda: all(word in self.frame for word in words),
            timeout=20,
            describe=lambda: self.frame,
        )

    async def is_told(self, words: str) -> None:
        """Wait until this has been told in a toast, however its lines are broken."""
        app = self.app
        await async_wait_until(
            lambda: any(words in notice.message for notice in app._notifications),
            timeout=20,
            describe=lambda: str([notice.message for notice in app._notifications]),
        )

    async def settles(self) -> None:
        """Wait until something is drawn, and nothing on the screen changes any more."""
        before = ""
        while (frame := self.frame) != before or not frame.strip():
            before = frame
            await self.pilot.pause(0.1)

    async def sees_no(self, word: str) -> None:
        """Wait until this is not on the screen any more."""
        await async_wait_until(
            lambda: word not in self.frame, timeout=20, describe=lambda: self.frame
        )


def a_look(**but: Any) -> Look:
    """How it looks to ann at noon, whenever the test runs."""
    usual: dict[str, Any] = {"user_id": "ann", "now": lambda: NOON, "dwell_s": 0.0, "guard_s": 0.0}
    return Look(**usual | but)


@asynccontextmanager
async def on_stage(
    source: Source, *, size: tuple[int, int] = (80, 24), rhythm: Rhythm = QUICK, **look: Any
) -> AsyncIterator[Stage]:
    """Run the dashboard over a source."""
    app = Dashboard(source, a_look(**look), rhythm=rhythm)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Stage(app, pilot)


def play(
    story: Callable[[Stage], Awaitable[None]],
    source: Source,
    *,
    size: tuple[int, int] = (80, 24),
    first: str = "live",
    **look: Any,
) -> None:
    """Play a story on the stage, as soon as ``first`` is to be seen there."""

    async def played() -> None:
        async with on_stage(source, size=size, **look) as stage:
            await stage.sees(first)
            app = stage.app
            await async_wait_until(lambda: len(app.jobs.table.order) == len(app.picture.jobs))
            await stage.pilot.pause()
            await story(stage)

    asyncio.run(played())
