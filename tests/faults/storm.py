"""A site in bad weather: jobs keep coming while one fault of the network follows the other.

Each fault lasts for a while, at every agent another one, and is over before any lease is.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

from tests.faults import invariants, oracle
from tests.faults.branches import Branches
from tests.faults.network import Host, Network
from tests.faults.oracle import Ticket
from tests.faults.plant import QUOTAS, Attack, make_tickets
from tests.support.waiting import wait_until

SLOTS = 3
STEP_S = 0.05
"""Between two jobs, and between two changes of a network that flaps."""

Fault = Callable[[Network, Host, int], None]
"""Takes a network, an agent's host, and how many steps the fault is old."""


def once(begin: Callable[[Host], None]) -> Fault:
    """Make a fault that begins, and then stays as it is."""
    return lambda _network, agent, step: begin(agent) if step == 0 else None


def flap(_network: Network, agent: Host, step: int) -> None:
    """Pull the cable and put it back, again and again."""
    agent.cut() if step % 2 == 0 else agent.heal()


def reset(network: Network, agent: Host, step: int) -> None:
    """Answer some packets with RST; the server does not know of the connections that it ends."""
    if step == 0:
        network.server.reset(agent, one_in=4)


FAULTS: Mapping[str, Fault] = {
    "cut": once(Host.cut),
    "deaf": once(Host.deafen),
    "mute": once(Host.mute),
    "flapping": flap,
    "resets": reset,
    "half lost": once(Host.lose_half),
    "64 kbit": once(lambda agent: agent.throttle("64kbit")),
    "forgotten": once(Host.forget_connections),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How much of everything, and from which seed."""

    seed: int
    jobs: int
    """In each spell."""
    calm_s: float
    """After each spell."""
    lost_after_s: float
    rounds: int
    """How often each fault comes, at one of the agents."""


@dataclass(slots=True)
class Storm:
    """A site with agents, and everything that happens to it."""

    place: Branches
    weather: Weather
    journal: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The ids that were answered to each ticket."""
    spells: list[str] = field(default_factory=list)
    """What happened, for a person who looks for the reason."""

    @property
    def oracle(self) -> Path:
        """Where jobs write what they do."""
        return self.place.site.home / "oracle"

    @property
    def data(self) -> Path:
        """The server's."""
        return self.place.site.home / "data"

    @property
    def tickets(self) -> list[Ticket]:
        """The jobs, in their order."""
        jobs = self.weather.jobs * len(self._forecast())
        return make_tickets(Attack(seed=self.weather.seed, jobs=jobs, kills=0, lasts_s=0))

    def run(self) -> None:
        """Go through all of it, wait until the sky is clear, and stop everything in good order."""
        self.oracle.mkdir()
        self.place.site.serve(*self._services())
        agents = self.place.start_all(
            self.place.names, *[f"{service}:{SLOTS}" for service in QUOTAS]
        )
        left = iter(self.tickets)
        for names in self._forecast():
            self._spell(names, [next(left) for _ in range(self.weather.jobs)])
        self._wait()
        for agent in agents.values():
            agent.end()
        # Once more by force, so that the server mends its files at a start.
        self.place.site.started[0].end(SIGKILL)
        self.place.site.serve(*self._services()).end()

    def violations(self) -> list[str]:
        """Check everything that must be true now."""
        marks = oracle.read_marks(self.oracle)
        with invariants.opened(self.data / "joborch.db") as database:
            return [
                *invariants.ends_once(database),
                *invariants.follows_the_table(database),
                *invariants.keeps_quotas(database, QUOTAS),
                *invariants.publishes_what_ran(database, self.data, self.tickets, disturbed=()),
                *invariants.never_overlaps(marks),
                *invariants.ran_if_it_ended(database, marks, disturbed=()),
                *invariants.leaves_no_process(self.place.site.home),
                *invariants.keeps_what_was_accepted(database, self.tickets, self.journal),
                *invariants.counts_right(database),
                *invariants.leaves_no_orphans(database, self.data),
                *invariants.all_ended(database),
                *invariants.reruns_only_what_was_lost(database, lost=()),
            ]

    def _forecast(self) -> list[Sequence[str]]:
        """Return for each spell what happens at each agent."""
        dice = random.Random(self.weather.seed)  # noqa: S311 - to be repeated, not to be secret
        to_come = [
            name for _ in range(self.weather.rounds) for name in dice.sample([*FAULTS], len(FAULTS))
        ]
        at_once = len(self.place.names)
        return [to_come[first : first + at_once] for first in range(0, len(to_come), at_once)]

    def _spell(self, names: Sequence[str], tickets: Sequence[Ticket]) -> None:
        self.spells.append(f"{time.monotonic():.1f}: {', '.join(names)}")
        network = self.place.network
        for step, ticket in enumerate(tickets):
            for agent, name in zip(network.agents, names, strict=True):
                FAULTS[name](network, agent, step)
            self._submit(ticket)
            time.sleep(STEP_S)
        network.heal()
        time.sleep(self.weather.calm_s)

    def _submit(self, ticket: Ticket) -> None:
        self.journal[ticket.name] += self.place.site.submit(
            user=ticket.user,
            service=ticket.service,
            name=ticket.name,
            files=ticket.files(self.oracle),
        )

    def _wait(self) -> None:
        """Wait until every job has ended and no agent has anything left to say."""
        healed_at = time.monotonic()
        wait_until(lambda: not self._left(), timeout=90, describe=lambda: [self, self._left()])
        self.spells.append(f"all over after {time.monotonic() - healed_at:.1f} s")

    def _left(self) -> list[str]:
        with invariants.opened(self.data / "joborch.db") as database:
            unfinished = invariants.all_ended(database)
        return unfinished + [name for name in self.place.names if self.place.has_attempts(name)]

    def _services(self) -> list[str]:
        texts = []
        for name, limits in QUOTAS.items():
            options = f"per_user={limits.per_user},lost_after={self.weather.lost_after_s}s"
            total = "" if limits.total is None else f",max={limits.total}"
            texts += ["--service", f"{name}:{options}{total}"]
        return texts
