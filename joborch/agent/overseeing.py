"""Seeing to it that an attempt ends when it has to, although its supervisor was stopped.

A job can stop the process that watches over it, which then neither keeps the time limit nor obeys
orders. So the agent looks as well: never before the supervisor should have been done with it.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from joborch.agent.backends.base import Backend, BackendError, Handle
from joborch.agent.endings import Cause, Ended

logger = logging.getLogger(__name__)

MARGIN_S = 5.0
"""A supervisor gets this much longer than the grace to end the job and to say how it ended."""
LOOK_AGAIN_S = 5.0


class Overseer:
    """Watches one attempt; does nothing until its end was expected and did not come."""

    def __init__(self, backend: Backend, *, enforce: Callable[[], Awaitable[None]]) -> None:
        """``enforce`` passes orders on to the supervisor again; it may raise BackendError."""
        self._backend = backend
        self._enforce = enforce
        self._cause = Cause.SHUTDOWN
        self._due_at = math.inf
        self._was_forced = False
        self._moved = asyncio.Event()

    def expect_end(self, cause: Cause, *, within_s: float) -> None:
        """Expect the attempt to end for this cause; of several, the one due first counts."""
        self._expect(cause, within_s=max(0.0, within_s) + MARGIN_S)

    def expect_end_now(self, cause: Cause) -> None:
        """Have waited long enough: bring the end about at once, unless somebody else still can."""
        self._expect(cause, within_s=0.0)

    async def ended(self, handle: Handle) -> Ended:
        """Wait for the end as the backend does, and bring it about if nobody else can."""
        watching = asyncio.create_task(self._watch(handle), name=f"overseer of {handle.folder}")
        try:
            ended = await self._backend.ended(handle)
        finally:
            watching.cancel()
            await asyncio.wait({watching})
        return self._explained(ended)

    def _expect(self, cause: Cause, *, within_s: float) -> None:
        due_at = asyncio.get_running_loop().time() + within_s
        if due_at < self._due_at:
            self._cause, self._due_at = cause, due_at
            self._moved.set()

    def _explained(self, ended: Ended) -> Ended:
        """Of what was forced, the backend knows no more than that its supervisor is lost."""
        if not self._was_forced or ended.cause is not Cause.SUPERVISOR_LOST:
            return ended
        reason = "its supervisor was stopped"
        return msgspec.structs.replace(ended, cause=self._cause, detail=reason)

    async def _watch(self, handle: Handle) -> None:
        while True:
            await self._until_due()
            self._due_at = asyncio.get_running_loop().time() + LOOK_AGAIN_S
            try:
                if await self._backend.is_stuck(handle):
                    logger.warning("stopped supervisor ended", extra={"ref": handle.ref})
                    self._was_forced = True
                    await self._backend.force(handle)
                else:
                    await self._enforce()
            except (BackendError, OSError) as error:
                logger.warning("overdue attempt not ended", extra={"error": str(error)})

    async def _until_due(self) -> None:
        """Sleep; an order that comes meanwhile may bring the time forward."""
        while asyncio.get_running_loop().time() < self._due_at:
            self._moved.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(None if math.isinf(self._due_at) else self._due_at):
                    await self._moved.wait()
