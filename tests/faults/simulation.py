"""A day in the life of a site, from a seed: the real server and real agents in simulated time.

Real are the server's operations, loops, database and files, and the agents with all that they do
and keep on their disks. Simulated are time, the network, processes (which can be killed and stopped
between any two steps), disks (slow, and failing at a commit), supervisors and the jobs themselves;
what goes wrong is in ``simulated.accidents``, what messages suffer in ``simulated.network``.
Everything that happens by chance is drawn from the seed, so the same seed gives the same day, to
the last line of its trace. Faults come for a while, then they stop, and all that was accepted has
to come to an end.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from joborch.server.live.catalog import Catalog
from tests.faults.hindsight import judged
from tests.faults.simulated.accidents import some_accident
from tests.faults.simulated.host import Host
from tests.faults.simulated.network import Network
from tests.faults.simulated.processes import run
from tests.faults.simulated.server import SimulatedServer
from tests.faults.simulated.shims import Execution
from tests.faults.simulated.store import settings_for
from tests.faults.simulated.users import Users
from tests.faults.truths import wrongs
from tests.support.builders import FrozenClock

FAULTS_S = 160.0
"""How long there are faults."""
CALM_S = 2400.0
"""How long everything may take to come to its end after that."""
ACCIDENTS = 14
LOOK_EVERY_S = 20.0
SERVICE = "example:per_user=3,max=4,lost_after=60s"
HOSTS = ("one", "two", "three")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What happened, and what of it must not have."""

    trace: tuple[str, ...]
    wrongs: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*self.trace, *self.wrongs])


def simulate(seed: int, place: Path) -> Day:
    """Live through the day of a seed, with all files in an empty directory."""
    clock = FrozenClock()

    async def live() -> Day:
        site = Site(Random(seed), place, clock)  # noqa: S311 - chance, no secret
        return await site.live()

    with _seeded(seed):
        return run(live, clock=clock)


class Site:
    """A server, its agents' hosts, its users, and what connects them."""

    def __init__(self, chance: Random, place: Path, world: FrozenClock) -> None:
        self.chance = chance
        self.world = world
        self.trace: list[str] = []
        self.executions: list[Execution] = []
        self.is_faulty = True
        self.data = place / "server"
        settings = settings_for(self.data, SERVICE, max_age="4m", poll_s="10")
        self.limits = Catalog(settings.services).limits()
        self.server = SimulatedServer(settings, chance=chance, clock=world, say=self.say)
        self.network = Network(chance, self.server)
        self.users = Users(network=self.network, chance=chance, clock=world, say=self.say)
        self.hosts = [
            Host(
                name,
                place / name,
                network=self.network,
                chance=chance,
                world=world,
                executions=self.executions,
                say=self.say,
            )
            for name in HOSTS[: chance.choice((2, 3))]
        ]

    def say(self, text: str) -> None:
        self.trace.append(f"{self.world.monotonic():9.3f} {text}")

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something later, unless the faults are over by then."""

        def act() -> None:
            if self.is_faulty:
                action()

        asyncio.get_running_loop().call_later(delay_s, act)

    async def live(self) -> Day:
        """Have the faults, then the calm, then judge."""
        serving = asyncio.create_task(self.server.run(), name="server")
        self._plan()
        found = await self._pass_time(FAULTS_S)
        self._calm_down()
        found += await self._pass_time(CALM_S, until_all_have_ended=True)
        # Only that sweeps away what a crash between a file and its commit has left.
        self.server.kill()
        found += judged(await self.server.books(), self.users.accepted, self.executions, self.data)
        found += [failure for host in self.hosts for failure in host.failures]
        serving.cancel()
        await self._clear_away()
        return Day(trace=tuple(self.trace), wrongs=tuple(found))

    def _plan(self) -> None:
        """Draw what users do, and what goes wrong."""
        for host in self.hosts:
            self.after(self.chance.uniform(0, 5), host.start)
        for act, times in ((self.users.submit, 4), (self.users.cancel, 3), (self.users.drain, 1)):
            for _ in range(times):
                self.after(self.chance.uniform(0, FAULTS_S * 0.9), act)
        for _ in range(ACCIDENTS):
            accident = some_accident(self.chance)
            self.after(self.chance.uniform(0, FAULTS_S), partial(accident, self))

    def _calm_down(self) -> None:
        """Make everything good."""
        self.say("the faults are over")
        self.is_faulty = self.network.is_faulty = self.server.is_faulty = False
        self.users.end_drains()
        for host in self.hosts:
            host.shims.is_faulty = False
            host.go_on()

    async def _pass_time(self, seconds: float, *, until_all_have_ended: bool = False) -> list[str]:
        """Look at the books now and then; returns what was wrong in them."""
        until = self.world.monotonic() + seconds
        while (left_s := until - self.world.monotonic()) > 0:
            for host in self.hosts:
                if not (self.is_faulty or host.is_up):
                    host.start()
            await asyncio.sleep(min(left_s, LOOK_EVERY_S))
            books = await self.server.books()
            if found := wrongs(books, self.limits):
                return found
            has_ended = all(job.finished_at for job in books.jobs.values())
            if until_all_have_ended and has_ended and not self.users.is_waiting:
                return []
        return []

    async def _clear_away(self) -> None:
        self.server.kill()
        processes = [*self.server.processes]
        for host in self.hosts:
            host.kill()
            processes += [*host.processes, *host.shims.processes]
        for process in processes:
            await process.clear_away()


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Have what draws its own chance (back-offs, jitter) draw the same, and log nothing."""
    before = random.getstate()
    random.seed(seed)
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        random.setstate(before)
