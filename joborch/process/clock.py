"""The time, from one place, so that tests can set it."""

import time
from datetime import UTC, datetime


class Clock:
    """The machine's clocks. Wall time is for people; every time-out uses the other two."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware and in UTC. It may jump."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never jump and stand still while the machine is suspended."""
        return time.monotonic()

    def boottime(self) -> float:
        """Return seconds that never jump and count a suspended machine's time too."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)
