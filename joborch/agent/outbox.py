"""What the server has still to be told: starts, and ends until it has acknowledged them.

Whatever is due at the same time travels in one request. Must not know how attempts are run.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from joborch.agent.backoff import BackOff
from joborch.agent.link import ServerLink
from joborch.domain.errors import JoborchError, RequestError, ServerBrokenError
from joborch.wire.agents import Report, Reported, Started

logger = logging.getLogger(__name__)

MOST_REPORTS = 64
MOST_BYTES = 4 * 1024 * 1024
LEAST_BYTES = 256 * 1024
"""Of one request; less is tried after each that failed, since the line may be slow."""

Key = tuple[int, int]
"""Job and attempt."""


@dataclass(slots=True, eq=False)
class _Due:
    """A report that waits for its acknowledgement; made anew for each try, as its ages grow."""

    key: Key
    make: Callable[[], Report]
    size_bytes: int
    answer: asyncio.Future[Reported] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Outbox:
    """Sends for all attempts of an agent. :meth:`run` has to run for anything to be sent."""

    def __init__(self, link: ServerLink, *, back_off: BackOff | None = None) -> None:
        self._link = link
        self._back_off = back_off or BackOff()
        self._room_bytes = MOST_BYTES
        self._reports: list[_Due] = []
        self._notices: dict[Key, Callable[[], Started]] = {}
        self._woken = asyncio.Event()
        self.idle = asyncio.Event()
        """Set while everything has been said."""
        self.idle.set()

    def connected(self) -> None:
        """Try again at once what failed: the server has just been heard of."""
        self._back_off.hurry()

    def notice(self, key: Key, make: Callable[[], Started]) -> None:
        """Tell that an attempt started, unless its report goes out before; nobody waits for it."""
        self._notices[key] = make
        self._wake()

    async def report(
        self, key: Key, make: Callable[[], Report], *, size_bytes: int = 0
    ) -> Reported:
        """Tell how an attempt ended, again and again until the server has acknowledged it.

        ``make`` is called for each try; ``size_bytes`` is how much it carries.
        """
        self._notices.pop(key, None)
        due = _Due(key=key, make=make, size_bytes=size_bytes)
        self._reports.append(due)
        self._wake()
        try:
            return await due.answer
        finally:
            self._reports = [other for other in self._reports if other is not due]

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._notices or self._reports:
                await self._send_due()
            self.idle.set()

    def _wake(self) -> None:
        self.idle.clear()
        self._woken.set()

    async def _send_due(self) -> None:
        try:
            await self._send_notices()
            await self._send_reports(self._next_batch())
        except JoborchError as error:
            logger.debug("nothing delivered", extra={"error": str(error)})
            self._room_bytes = max(self._room_bytes // 8, LEAST_BYTES)
            await self._back_off.pause()
        else:
            self._room_bytes = min(self._room_bytes * 2, MOST_BYTES)
            self._back_off.succeeded()

    async def _send_notices(self) -> None:
        """Send all; those that failed stay, unless their attempts have been reported since."""
        notices = dict(self._notices)
        if not notices:
            return
        try:
            await self._link.started([make() for make in notices.values()])
        except RequestError as error:
            logger.warning("notice of a start refused", extra={"error": str(error)})
        for key in notices:
            self._notices.pop(key, None)

    def _next_batch(self) -> list[_Due]:
        batch: list[_Due] = []
        room = self._room_bytes
        for due in self._reports[:MOST_REPORTS]:
            room -= due.size_bytes
            if batch and room < 0:
                break
            batch.append(due)
        return batch

    async def _send_reports(self, batch: list[_Due]) -> None:
        """Send a batch; one that the server cannot read must not hold up the others for ever."""
        if not batch:
            return
        try:
            self._deliver(batch, await self._link.report([due.make() for due in batch]))
        except RequestError as error:
            if len(batch) == 1:
                logger.exception("report refused by the server", extra={"job_id": batch[0].key[0]})
                self._reports.sort(key=lambda due: due is batch[0])
                raise
            logger.warning("reports refused, trying one by one", extra={"error": str(error)})
            for due in batch:
                await self._send_reports([due])

    def _deliver(self, batch: list[_Due], answers: list[Reported]) -> None:
        by_key = {(answer.job_id, answer.attempt): answer for answer in answers}
        for due in batch:
            answer = by_key.get(due.key)
            if answer and not due.answer.done():
                due.answer.set_result(answer)
        self._reports = [due for due in self._reports if not due.answer.done()]
        if missing := [due.key for due in batch if due.key not in by_key]:
            raise ServerBrokenError(f"no answer to the reports {missing}")
