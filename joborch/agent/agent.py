"""The agent itself: its parts put together, running until it is asked to end.

Knows no signals, flags or sockets; those are the business of ``main``.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from joborch.agent.backends.base import Backend
from joborch.agent.delivery import Delivery
from joborch.agent.departure import Departure, any_of
from joborch.agent.enrolling import Enroller
from joborch.agent.heartbeat import Heartbeat
from joborch.agent.link import ServerLink
from joborch.agent.load import HostLoad
from joborch.agent.logs import LogSender
from joborch.agent.outbox import Outbox
from joborch.agent.settings import AgentSettings
from joborch.agent.site import Site
from joborch.agent.snapshots import Snapshots
from joborch.agent.spool import Spool
from joborch.agent.transfers import Transfers
from joborch.agent.worker import Worker
from joborch.process.clock import Clock

logger = logging.getLogger(__name__)

LEAVE_S = 2.0
"""How long it waits, when it ends, for the server to hear of that and of what is due."""
OFFER_S = 2.0
"""How long the server may take to find something for an agent that runs once."""
PROGRESS_S = 1.0
"""How often it looks, while it waits for its jobs, whether there is progress to tell."""


class Agent:
    """One agent process. :meth:`serve` runs once."""

    def __init__(
        self,
        settings: AgentSettings,
        *,
        link: ServerLink,
        spool: Spool,
        backend: Backend,
        clock: Clock,
        departure: Departure,
        say: Callable[[str], None],
    ) -> None:
        self._departure = departure
        self._say = say
        self._link = link
        self._logs = LogSender(link)
        self._outbox = Outbox(link)
        transfers = Transfers(link)
        delivery = Delivery(
            outbox=self._outbox,
            transfers=transfers,
            logs=self._logs,
            log_paths=backend.log_paths,
            agent_name=settings.name,
            max_results=settings.max_results,
            clock=clock,
        )
        self._enroller = Enroller(link=link, spool=spool, transfers=transfers, settings=settings)
        self._site = Site(
            settings=settings,
            spool=spool,
            backend=backend,
            transfers=transfers,
            delivery=delivery,
            logs=self._logs,
            clock=clock,
        )

    async def serve(self) -> None:
        """Work until asked to end. Attempts that are left then are the next process's to adopt.

        Raises:
            SupersededError: a newer process runs as this agent.
            RequestError, NotAllowedError: the server does not want this agent.
        """
        try:
            async with asyncio.TaskGroup() as group:
                await self._serve_in(group)
        except ExceptionGroup as failures:
            if len(failures.exceptions) > 1:
                raise
            raise failures.exceptions[0] from None

    async def _serve_in(self, group: asyncio.TaskGroup) -> None:
        snapshots = Snapshots(
            self._link,
            backend=self._site.backend,
            max_results=self._site.settings.max_results,
        )
        worker = Worker(self._site, snapshots, group=group)
        heartbeat = Heartbeat(
            link=self._link,
            enroller=self._enroller,
            worker=worker,
            outbox=self._outbox,
            site=self._site,
            load=HostLoad(clock=self._site.clock).now,
        )
        worker.adopt()
        tasks = [
            group.create_task(heartbeat.run(), name="heartbeat"),
            group.create_task(self._outbox.run(), name="outbox"),
            group.create_task(self._logs.run(), name="logs"),
            group.create_task(worker.overdue.run(), name="overdue attempts"),
            group.create_task(self._site.spool.sweeping.run(), name="sweep"),
        ]
        if self._site.settings.once:
            await self._take_once(worker, heartbeat)
        await self._until_departure(worker, heartbeat)
        worker.let_go()
        for task in tasks:
            task.cancel()

    async def _take_once(self, worker: Worker, heartbeat: Heartbeat) -> None:
        """Wait for what the server has to give, all of which is in one answer; then finish."""
        going = self._departure
        departing = (going.finish, going.abandon, going.leave)
        await any_of(heartbeat.enrolled, *departing)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OFFER_S):
                await any_of(worker.taken, *departing)
        going.finish.set()

    async def _until_departure(self, worker: Worker, heartbeat: Heartbeat) -> None:
        going = self._departure
        await any_of(going.finish, going.abandon, going.leave)
        heartbeat.drain()
        self._say(f"draining: {_jobs(worker.count)} left")
        await self._finish(worker)
        if going.abandon.is_set() and not going.leave.is_set():
            self._say(f"stopping {_jobs(worker.count)}")
            worker.abandon_all()
            await any_of(worker.idle, going.leave)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await heartbeat.told_draining.wait()
                await self._outbox.idle.wait()
        if worker.count:
            # Some may have ended, and their reports not have got through.
            self._say(f"{_jobs(worker.count)} left for the next agent in this directory")

    async def _finish(self, worker: Worker) -> None:
        """Wait until all jobs have ended and are reported, or are not to be waited for."""
        going, told = self._departure, 0
        while worker.count and not (going.abandon.is_set() or going.leave.is_set()):
            if worker.count != told:
                told = worker.count
                self._say(f"waits for {_jobs(told)}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROGRESS_S):
                    await any_of(worker.idle, going.abandon, going.leave)


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
