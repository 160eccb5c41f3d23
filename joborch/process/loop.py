"""A background loop: ``run_once`` again and again, when woken or when it asked to be.

Tests call ``run_once`` themselves and never start the loop.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

LONGEST_BACK_OFF_S = 30.0


class Loop:
    """Runs ``run_once`` when woken; its result is the seconds until it wants to run unasked.

    ``None`` means not before somebody wakes it: an idle loop costs nothing. A pass that fails is
    logged and tried again with a growing, jittered delay; ``fatal`` errors end the loop instead.
    """

    def __init__(
        self,
        name: str,
        run_once: Callable[[], Awaitable[float | None]],
        *,
        fatal: tuple[type[Exception], ...] = (),
    ) -> None:
        self.name = name
        self.run_once = run_once
        self._fatal = fatal
        self._woken = asyncio.Event()
        self._stopping = False
        self._failures = 0

    def wake(self) -> None:
        """Have the loop run soon. Waking it while it runs makes it run once more."""
        self._woken.set()

    def stop(self) -> None:
        """Let :meth:`run` return after the pass that is under way."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Run until stopped; the first pass comes at once."""
        while not self._stopping:
            self._woken.clear()
            delay = await self._pass()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._woken.wait()

    async def _pass(self) -> float | None:
        try:
            delay = await self.run_once()
        except self._fatal:
            raise
        except Exception:
            self._failures += 1
            back_off = min(0.5 * 2.0**self._failures, LONGEST_BACK_OFF_S)
            logger.exception("loop failed", extra={"loop": self.name, "failures": self._failures})
            return back_off * random.uniform(0.5, 1)  # noqa: S311 - jitter is no secret
        self._failures = 0
        return delay
