"""A dialog that does not heed what was meant for what was there before it."""

import math
import time
from typing import TypeVar

from textual.events import Event
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class GuardedDialog(ModalScreen[Answer]):
    """What was typed or clicked before it was to be seen, or so soon after, does nothing in it."""

    def __init__(self, *, guard_s: float) -> None:
        """Be not to be seen yet."""
        super().__init__()
        self._guard_s = guard_s
        self._appeared = math.inf

    def on_mount(self) -> None:
        """Count from when it is to be seen."""
        self.call_after_refresh(self._appear)

    def heeds(self, event: Event) -> bool:
        """Return whether it came from somebody who had seen the dialog."""
        return event.time - self._appeared >= self._guard_s

    def _appear(self) -> None:
        self._appeared = time.monotonic()
