"""Not asking again and again what does not answer: a circuit breaker for one client."""

import logging

from joborch.agent.backoff import BackOff
from joborch.process.clock import Clock

logger = logging.getLogger(__name__)

FAILURES = 3
"""In a row; from then on the client is left alone for growing pauses."""


class Breaker:
    """Open: every call is refused at once, until a pause is over and one may try."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._back_off = BackOff()
        self._failures = 0
        self._closed_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the client does not answer, as far as is known."""
        return self._failures >= FAILURES

    @property
    def wait_s(self) -> float:
        """How long it is left alone from now on."""
        return max(0.0, self._closed_until - self._clock.monotonic())

    def failed(self, client: str) -> None:
        """Note that a call came to nothing."""
        self._failures += 1
        if self._failures == FAILURES:
            logger.warning("client does not answer", extra={"client": client})
        if self.is_open:
            self._closed_until = self._clock.monotonic() + self._back_off.next_s()

    def succeeded(self, client: str) -> None:
        """Note that the client answered, whatever it said."""
        if self.is_open:
            logger.info("client answers again", extra={"client": client})
        self._failures, self._closed_until = 0, 0.0
        self._back_off.succeeded()
