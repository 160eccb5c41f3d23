"""How busy the host is, read from the kernel's counters without waiting."""

import os

import psutil

from joborch.process.clock import Clock
from joborch.wire.agents import LoadView

FRESH_S = 1.0


class HostLoad:
    """Looks at most once a second, however often it is asked."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._seen = LoadView()
        self._seen_at = float("-inf")

    def now(self) -> LoadView:
        """Return the load since the last look; that of the processors is 0 at the first."""
        at = self._clock.monotonic()
        if at - self._seen_at >= FRESH_S:
            self._seen_at = at
            self._seen = LoadView(
                cpu_percent=psutil.cpu_percent(interval=None),
                memory_percent=psutil.virtual_memory().percent,
                load_1m=os.getloadavg()[0],
            )
        return self._seen


def memory_bytes() -> int:
    """Return how much memory the host has."""
    return int(psutil.virtual_memory().total)
