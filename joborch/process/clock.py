"""The time, from one place, so that tests can set it; and noticing that somebody set the clock."""

import logging
import math
import time
from datetime import UTC, datetime

logger = logging.getLogger(__name__)


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


DRIFT_S = 300.0
"""More than a time server corrects a clock by, little by little, between two looks at it."""


class Jumps:
    """Notices that the wall clock was set, by the one that never jumps. Look at it often."""

    def __init__(self, clock: Clock) -> None:
        """Take the time as right that the clock shows now."""
        self._clock = clock
        self._epoch_s = self._find_epoch_s()
        self._noticed_at = -math.inf

    def since_last_s(self) -> float:
        """Return how long ago a jump was noticed, be it just now; infinity without any."""
        epoch_s = self._find_epoch_s()
        by_s = epoch_s - self._epoch_s
        self._epoch_s = epoch_s
        if abs(by_s) > DRIFT_S:
            self._noticed_at = self._clock.boottime()
            logger.warning("wall clock jumped", extra={"by_s": round(by_s)})
        return self._clock.boottime() - self._noticed_at

    def _find_epoch_s(self) -> float:
        """Return the wall-clock time at which the machine was booted, as it looks now."""
        return self._clock.now().timestamp() - self._clock.boottime()
