"""The agent's long poll: its heartbeat, and how orders reach it.

One poll is outstanding whenever the server can be reached. What came with an answer is handled in
tasks of its own, so that the next poll goes out at once.
"""

import asyncio
import logging
from collections.abc import Callable
from itertools import count

from joborch.agent.backoff import BackOff
from joborch.agent.enrolling import Enroller
from joborch.agent.link import ServerLink
from joborch.agent.outbox import Outbox
from joborch.agent.site import Site
from joborch.agent.worker import Worker
from joborch.domain.errors import AgentNotFoundError, NotAllowedError, UnavailableError
from joborch.wire.agents import LoadView, Poll, PollAnswer

logger = logging.getLogger(__name__)

STALE_PAUSE_S = 0.2
"""Waited after an answer without news, lest a confused server and we keep each other busy."""


class Heartbeat:
    """Polls until it is cancelled, or another process takes over the agent's identity."""

    def __init__(
        self,
        *,
        link: ServerLink,
        enroller: Enroller,
        worker: Worker,
        outbox: Outbox,
        site: Site,
        load: Callable[[], LoadView],
        back_off: BackOff | None = None,
    ) -> None:
        self._link = link
        self._enroller = enroller
        self._worker = worker
        self._outbox = outbox
        self._site = site
        self._load = load
        self._back_off = back_off or BackOff()
        self._patience: asyncio.Timeout | None = None
        self._numbers = count(1)
        self._is_connected: bool | None = None
        """None: nothing is known yet."""
        self._is_enrolled = False
        self.enrolled = asyncio.Event()
        """Set once the server knows the agent."""
        self.told_draining = asyncio.Event()
        """Set once the server has answered a poll that said that the agent is draining."""

    async def run(self) -> None:
        """Enrol, then poll for ever.

        Raises:
            SupersededError: a newer process runs as this agent.
            RequestError, NotAllowedError: the server does not want this agent.
        """
        while True:
            try:
                if not self._is_enrolled:
                    await self._enrol()
                await self._beat()
            except UnavailableError as error:
                self._lose_connection(error)
                await self._back_off.pause()

    def drain(self) -> None:
        """Take no new work from now on, and let the server know at once."""
        self._worker.is_draining = True
        self._back_off.hurry()
        if self._patience:
            self._patience.reschedule(asyncio.get_running_loop().time())

    async def _enrol(self) -> None:
        is_same = await self._enroller.enrol()
        self._is_enrolled = True
        self.enrolled.set()
        self._find_connection()
        if not is_same:
            self._worker.stop_all()
            self._site.spool.marks.clear()

    async def _beat(self) -> None:
        """Poll once, and have the answer carried out."""
        site, is_draining = self._site, self._worker.is_draining
        sent_at = site.clock.boottime()
        try:
            answer = await self._poll(is_draining)
        except (NotAllowedError, AgentNotFoundError) as error:
            logger.warning("agent has to enrol again", extra={"reason": error.message})
            self._is_enrolled = False
            await self._back_off.pause()
            return
        except TimeoutError:
            return
        self._back_off.succeeded()
        self._find_connection()
        self._worker.end_lapsed()
        if answer.leases or self._worker.count:
            site.spool.renew_leases(sent_at)
        is_news = self._worker.obey(answer)
        if is_draining:
            self.told_draining.set()
        if not is_news:
            await asyncio.sleep(STALE_PAUSE_S)

    async def _poll(self, is_draining: bool) -> PollAnswer:
        poll = Poll(
            incarnation=self._site.spool.incarnation,
            number=next(self._numbers),
            known=self._worker.known,
            load=self._load(),
            draining=is_draining or not await self._site.backend.is_available(),
            following=self._site.logs.following,
        )
        try:
            async with asyncio.timeout(None) as self._patience:
                return await self._link.poll(poll)
        finally:
            self._patience = None

    def _find_connection(self) -> None:
        if not self._is_connected:
            self._is_connected = True
            logger.info("connected", extra={"server": self._site.settings.server})
            self._outbox.connected()

    def _lose_connection(self, error: UnavailableError) -> None:
        fields = {"server": self._site.settings.server, "reason": error.message}
        if self._is_connected is None:
            logger.warning("server cannot be reached, trying again", extra=fields)
        elif self._is_connected:
            logger.warning("server is away, jobs go on", extra=fields)
        else:
            logger.debug("server is still away", extra=fields)
        self._is_connected = False
