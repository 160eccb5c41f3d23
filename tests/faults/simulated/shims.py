"""What runs on a host: jobs, each under a supervisor that outlives the agent.

A backend that keeps the rules of the real one's launcher and shims, without processes. What really
happens is written down as :class:`Execution`, for others to judge.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from joborch.agent.backends.base import BackendError, Handle, RunSpec, Status
from joborch.agent.endings import Cause, Ended
from tests.faults.simulated.hostclock import HostClock
from tests.faults.simulated.processes import Process

SLOW_START = 0.3
SLOWEST_START_S = 120.0
LASTS_S = (0.1, 10, 100, 200)


@dataclass(slots=True)
class Execution:
    """A job's process, from its start to its end, in the time of the simulation."""

    job_id: int
    attempt: int
    host: str
    began_at: float
    ended_at: float | None = None
    woke_at: float | None = None
    """When its host, which had been suspended, went on the last time."""


@dataclass(slots=True)
class Shim:
    """One supervisor with its job."""

    spec: RunSpec
    process: Process
    handle: Handle
    execution: Execution | None = None
    ended: Ended | None = None
    cause: Cause | None = None
    kill_at: float = math.inf
    told: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Shims:
    """A :class:`~joborch.agent.backends.base.Backend`; it belongs to the host, not to an agent."""

    name = "simulated"

    def __init__(
        self,
        host: str,
        *,
        chance: Random,
        clock: HostClock,
        executions: list[Execution],
        say: Callable[[str], None],
    ) -> None:
        self._host = host
        self._chance = chance
        self._clock = clock
        self._executions = executions
        self._say = say
        self.all: dict[Path, Shim] = {}
        self.processes: list[Process] = []
        self.is_faulty = True

    async def is_available(self) -> bool:
        return True

    @asynccontextmanager
    async def seen(self, folder: Path) -> AsyncIterator[Path]:
        yield folder / "work"

    async def submit(self, run: RunSpec) -> Handle:
        if run.folder in self.all:
            raise BackendError(f"{run.folder.name} was submitted before")
        handle = Handle(folder=run.folder, ref="1", started_at=self._clock.now().timestamp())
        shim = Shim(run, Process(f"shim of {run.folder.name}"), handle)
        self.all[run.folder] = shim
        self.processes.append(shim.process)
        shim.process.spawn(self._supervise(shim))
        return handle

    async def recover(self, folder: Path) -> Handle | None:
        shim = self.all.get(folder)
        return shim.handle if shim else None

    async def ended(self, handle: Handle) -> Ended:
        shim = self.all[handle.folder]
        await shim.over.wait()
        assert shim.ended is not None
        return shim.ended

    async def poll(self, handles: Sequence[Handle]) -> Mapping[Handle, Status]:
        return {
            handle: Status.ENDED if self.all[handle.folder].ended else Status.RUNNING
            for handle in handles
        }

    async def cancel(self, handle: Handle, *, grace_s: float) -> None:
        self._order(self.all[handle.folder], Cause.CANCELLED, grace_s)

    async def shut_down(self, handle: Handle) -> None:
        shim = self.all[handle.folder]
        self._order(shim, Cause.SHUTDOWN, shim.spec.grace_s)

    async def is_stuck(self, handle: Handle) -> bool:
        return False

    async def force(self, handle: Handle) -> None:
        self.kill(self.all[handle.folder])

    async def collect(self, handle: Handle) -> None:
        """It ran in its folder."""

    async def close(self) -> None:
        """Nothing is held."""

    def log_paths(self, folder: Path) -> Mapping[str, Path]:
        return {}

    def kill(self, shim: Shim, cause: Cause = Cause.SUPERVISOR_LOST) -> None:
        """End a supervisor, and its job with it."""
        shim.process.kill()
        self._end(shim, Ended(cause=cause))

    def reboot(self) -> None:
        """End everything. What had begun is known to have begun; what had not, is not."""
        for folder, shim in list(self.all.items()):
            self.kill(shim, Cause.HOST_REBOOTED)
            if shim.execution is None:
                del self.all[folder]

    def _order(self, shim: Shim, cause: Cause, grace_s: float) -> None:
        """Begin to end a job, which takes any part of the grace; again, it can only be shorter."""
        takes_s = grace_s * self._chance.random()
        shim.cause = shim.cause or cause
        shim.kill_at = min(shim.kill_at, self._clock.boottime() + takes_s)
        shim.told.set()

    async def _supervise(self, shim: Shim) -> None:
        if self.is_faulty:
            is_slow = self._chance.random() < SLOW_START
            await asyncio.sleep(self._chance.uniform(0, SLOWEST_START_S if is_slow else 1))
        began_at = self._clock.boottime()
        lasts_s = self._chance.choice(LASTS_S) * self._chance.uniform(0.3, 1)
        if not self._lost_in_s(shim) > 0:
            shim.cause = Cause.LEASE_LOST
        elif shim.cause is None:
            self._begin(shim)
            await self._until_over(shim, began_at, lasts_s)
        code = self._chance.choice((0, 0, 1)) if shim.cause is None else None
        self._end(shim, Ended(cause=shim.cause or Cause.EXITED, exit_code=code))

    def _begin(self, shim: Shim) -> None:
        job_id, _, attempt = shim.spec.folder.name.partition("-")
        now = asyncio.get_running_loop().time()
        shim.execution = Execution(int(job_id), int(attempt), self._host, now)
        self._executions.append(shim.execution)
        self._say(f"runs {shim.spec.folder.name}")
        (shim.spec.work_dir / "mark").write_text(shim.spec.folder.name)

    async def _until_over(self, shim: Shim, began_at: float, lasts_s: float) -> None:
        """Wait for the script's end, or bring it about: by order, by the limit, by the lease."""
        limit_s = shim.spec.time_limit_s or math.inf
        while True:
            now = self._clock.boottime()
            if shim.cause is None and now - began_at >= limit_s:
                self._order(shim, Cause.TIMED_OUT, shim.spec.grace_s)
            if (left_s := self._lost_in_s(shim)) <= 0:
                self._order(shim, Cause.LEASE_LOST, max(0.0, left_s + shim.spec.grace_s))
            if now >= shim.kill_at or now - began_at >= lasts_s:
                return
            alarms = [shim.kill_at - now, began_at + lasts_s - now, began_at + limit_s - now]
            await self._sleep(shim, min(one for one in [*alarms, left_s] if one > 0))

    async def _sleep(self, shim: Shim, seconds: float) -> None:
        """Wait on the host's own clock, or until an order comes."""
        shim.told.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._clock.to_wait_s(seconds) + 0.001):
                await shim.told.wait()

    def _lost_in_s(self, shim: Shim) -> float:
        """In how many seconds the lease is lost, as far as the agent's file says."""
        try:
            renewed_at = float(shim.spec.lease_path.read_text())
        except (OSError, ValueError):
            renewed_at = 0.0
        return renewed_at + shim.spec.stop_after_s - self._clock.boottime()

    def _end(self, shim: Shim, ended: Ended) -> None:
        if shim.ended:
            return
        shim.ended = ended
        self._say(f"has {shim.spec.folder.name} ended: {ended.cause} {ended.exit_code or 0}")
        if shim.execution:
            shim.execution.ended_at = asyncio.get_running_loop().time()
        shim.over.set()
