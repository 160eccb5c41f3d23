"""The clocks of one host: its wall clock is wrong and jumps, its boot clock runs a little wrong."""

from datetime import datetime, timedelta

from joborch.process.clock import Clock
from tests.support.builders import FrozenClock

UPTIME_S = 20.0
"""How long a host has been up when its agent starts."""


class HostClock(Clock):
    """Told from the simulation's clock; ``rate`` is how many of its seconds one of those takes."""

    def __init__(self, world: FrozenClock, *, rate: float) -> None:
        self._world = world
        self._rate = rate
        self._booted_at = world.monotonic() - UPTIME_S
        self.skew = timedelta(0)
        """By how much the wall clock is wrong."""

    def now(self) -> datetime:
        return self._world.now() + self.skew

    def monotonic(self) -> float:
        return self.boottime()

    def boottime(self) -> float:
        return (self._world.monotonic() - self._booted_at) * self._rate

    def to_wait_s(self, seconds: float) -> float:
        """Return how long the host's seconds take."""
        return seconds / self._rate

    def reboot(self) -> None:
        """Begin to count again."""
        self._booted_at = self._world.monotonic() - UPTIME_S
