"""A host: the real agent over its real directory, with simulated supervisors and a simulated line.

Its agent's process can be killed, stopped and asked to leave; the host can be rebooted, suspended,
and lose its disk. Supervisors outlive the agent, and nothing outlives a reboot.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

from joborch.agent.agent import Agent
from joborch.agent.departure import Departure
from joborch.agent.settings import AgentSettings
from joborch.agent.spool import Identity, Spool
from tests.faults.simulated.hostclock import HostClock
from tests.faults.simulated.link import SimulatedLink
from tests.faults.simulated.network import Network
from tests.faults.simulated.processes import Process
from tests.faults.simulated.shims import Execution, Shims
from tests.support.builders import FrozenClock

SETTINGS = AgentSettings(service={"example": 2}, slots=2, grace=5.0, label={}, path="/bin")


class Host:
    """Named ``name``, with everything below ``place``."""

    def __init__(
        self,
        name: str,
        place: Path,
        *,
        network: Network,
        chance: Random,
        world: FrozenClock,
        executions: list[Execution],
        say: Callable[[str], None],
    ) -> None:
        self.name = name
        self._tell = say
        self.clock = HostClock(world, rate=chance.uniform(0.995, 1.005))
        self.shims = Shims(
            name, chance=chance, clock=self.clock, executions=executions, say=self._say
        )
        self.processes: list[Process] = []
        self.failures: list[str] = []
        self._place = place
        self._network = network
        self._executions = executions
        self._world = world
        self._is_suspended = False
        self._disks = 0
        self._spool: Spool | None = None
        self._departure = Departure()

    @property
    def is_up(self) -> bool:
        return self._spool is not None

    def start(self) -> None:
        """Begin an agent process, which goes on where the one before it was."""
        self._say("starts its agent")
        self._spool = Spool(self._place, clock=self.clock)
        if self._spool.identity() is None:
            self._disks += 1
            who = f"{self.name}-{self._disks}"
            self._spool.remember(Identity(agent_id=who, key=f"key of {who}"))
        self._departure = Departure()
        process = Process(f"agent of {self.name}")
        self.processes.append(process)
        process.spawn(self._serve(self._spool))

    def kill(self) -> None:
        """End the agent; what runs goes on under its supervisors."""
        if self._spool is None:
            return
        self._say("has its agent killed")
        self.processes[-1].kill()
        self._close()

    def leave(self) -> None:
        """Ask the agent to end, as for an upgrade."""
        self._say("has its agent asked to leave")
        self._departure.leave.set()

    def reboot(self) -> None:
        """End all processes, and count the boot clock from its beginning."""
        self._say("is rebooted")
        self.go_on()
        self.kill()
        self.shims.reboot()
        self.clock.reboot()
        for lease in self._place.glob("attempts/*/lease.json"):
            accepted = json.loads(lease.read_text())
            lease.write_text(json.dumps(accepted | {"boot_id": "of an earlier boot"}))

    def lose_disk(self) -> None:
        """Come back as a new host with nothing on it."""
        self.reboot()
        self._say("loses its disk")
        shutil.rmtree(self._place)
        self.shims.all.clear()

    def stop_agent(self) -> None:
        """Have the agent alone do nothing for a while."""
        self._say("has its agent stopped")
        self.processes[-1].stop()

    def suspend(self) -> None:
        """Have everything on it do nothing for a while; its boot clock runs on."""
        self._say("is suspended")
        self._is_suspended = True
        for process in self._living():
            process.stop()

    def go_on(self) -> None:
        """End what :meth:`suspend` and :meth:`stop_agent` began."""
        for process in self._living():
            process.go_on()
        if self._is_suspended:
            self._is_suspended = False
            for execution in self._executions:
                if execution.host == self.name and execution.ended_at is None:
                    execution.woke_at = self._world.monotonic()

    async def _serve(self, spool: Spool) -> None:
        settings = replace(SETTINGS, name=self.name, work_dir=self._place)
        agent = Agent(
            settings,
            link=SimulatedLink(self._network, self.name),
            spool=spool,
            backend=self.shims,
            clock=self.clock,
            departure=self._departure,
            say=lambda _: None,
        )
        try:
            await agent.serve()
        except Exception as error:  # whatever it is, there is no agent any more
            self.failures.append(f"the agent of {self.name} failed: {error!r}")
        self._say("has no agent any more")
        self._close()

    def _living(self) -> list[Process]:
        return [one for one in [*self.processes, *self.shims.processes] if one.is_alive]

    def _close(self) -> None:
        if self._spool:
            self._spool.close()
        self._spool = None

    def _say(self, text: str) -> None:
        self._tell(f"{self.name} {text}")
