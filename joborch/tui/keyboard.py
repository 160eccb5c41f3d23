"""One key or click after the other: the next comes when the one before has had its effect.

What a key does, it does by messages, and whatever takes over the keyboard (a dialog, a field, a
screen) is there only after some of them. A key that comes meanwhile, as all do that were typed
ahead, would still go to what was there before. So keys wait here, in their order, for as long as
anything goes on on the way from where they arrive up to the application.

A click waits with them, since keys that were typed before it may be about to move what is below it.
It was meant for what was to be seen when it came: if another screen is there by its turn, it does
nothing.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from textual import on, work
from textual.app import App
from textual.events import Event, Key, Mount, MouseDown, MouseUp, Paste
from textual.message_pump import MessagePump
from textual.screen import Screen

from joborch.tui.dialogs.guarded import GuardedDialog

QUIET_ROUNDS = 4
"""A message leads to another, which leads to another; none is known to lead to more than three."""
LOOK_S = 0.05
"""So often it is looked whether that which is waited for is still there."""


Waiting = Key | Paste | MouseDown | MouseUp


@dataclass(frozen=True, slots=True)
class Arrived:
    """What was typed or clicked, and the screen that was there when it came."""

    event: Waiting
    screens: list[Screen[Any]]
    """One, or none at the very beginning."""


class PatientApp(App[None]):
    """An application to which no key is lost, and none goes where it was not meant for."""

    def __init__(self, *, ansi_color: bool | None) -> None:
        super().__init__(ansi_color=ansi_color)
        self.typed: asyncio.Queue[Arrived] = asyncio.Queue()
        """What has not had its effect yet."""
        self._came_back = 0.0
        """When something else last had the terminal, as the events' time; it was typed for that."""
        self._is_pressed = False
        """Whether that was heeded with which a button of the mouse was pressed."""

    async def on_event(self, event: Event) -> None:
        """Let what was typed wait for its turn; everything else goes on at once."""
        if isinstance(event, Waiting) and not event.is_forwarded:
            self.typed.put_nowait(Arrived(event, self.screen_stack[-1:]))
        else:
            await super().on_event(event)

    @on(Mount)
    def begin_to_hand_on(self) -> None:
        """Hand on what is typed from now on."""
        self.app_resume_signal.subscribe(self, self._come_back)
        self._hand_on_all()

    def _come_back(self, _app: App[Any]) -> None:
        """Draw anew what something else has drawn over; what was typed was typed for that."""
        self._came_back = time.monotonic()
        self.refresh()

    @work(name="keyboard")
    async def _hand_on_all(self) -> None:
        while True:
            arrived = await self.typed.get()
            try:
                self.call_later(self._hand_on, arrived)
                await _passed(self)
                await self._had_its_effect()
            finally:
                self.typed.task_done()

    async def _hand_on(self, arrived: Arrived) -> None:
        if self._heeds(arrived):
            await super().on_event(arrived.event)

    def _heeds(self, arrived: Arrived) -> bool:
        event, screen = arrived.event, self.screen
        if isinstance(event, MouseUp):  # whoever was told of the pressing waits for this
            return self._is_pressed
        if event.time < self._came_back:
            return False
        is_heeded = not isinstance(screen, GuardedDialog) or screen.heeds(event)
        if isinstance(event, MouseDown):
            is_heeded = is_heeded and arrived.screens == [screen]
            self._is_pressed = is_heeded
        return is_heeded

    async def _had_its_effect(self) -> None:
        """Wait until screen and focus have stayed as they are for some rounds."""
        quiet, before = 0, (self.screen, self.focused)
        while quiet < QUIET_ROUNDS:
            for node in (self.focused or self.screen).ancestors_with_self:
                await _passed(node)
            now = (self.screen, self.focused)
            quiet, before = quiet + 1 if now == before else 0, now


async def _passed(node: MessagePump) -> None:
    """Wait until a part has dealt with all messages that it has got by now, or is no more."""
    passed = asyncio.Event()
    if not node.call_later(passed.set):
        return
    while not passed.is_set() and node.is_attached:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await passed.wait()
