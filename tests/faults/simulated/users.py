"""Users and operators of a simulated site. They ask again until they are answered."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from joborch.domain.errors import (
    AgentNotFoundError,
    UnavailableError,
    WrongStateError,
)
from joborch.server.operations import cancel, drain
from joborch.server.operations.submit import Accepted
from joborch.server.parts import Parts
from tests.faults.simulated.network import Network, Request
from tests.support.bench import Bench
from tests.support.builders import FrozenClock


class Users:
    """What they did is in ``accepted``: the jobs of which they were told."""

    def __init__(
        self,
        *,
        network: Network,
        chance: Random,
        clock: FrozenClock,
        say: Callable[[str], None],
    ) -> None:
        self.accepted: set[int] = set()
        self._network = network
        self._chance = chance
        self._clock = clock
        self._say = say
        self._asking: set[asyncio.Task[None]] = set()
        self._submissions = 0

    @property
    def is_waiting(self) -> bool:
        """Whether anybody has not been answered yet."""
        return bool(self._asking)

    def submit(self) -> None:
        """Submit a job or an array, under a key: again and again until it is accepted."""
        self._submissions += 1
        self._begin(self._submit(f"key {self._submissions}"))

    def cancel(self) -> None:
        """Cancel any job."""
        self._begin(self._cancel())

    def drain(self) -> None:
        """Drain a host until further notice."""
        self._begin(self._drain(self._chance.choice(("one", "two", "three")), on=True))

    def end_drains(self) -> None:
        for name in ("one", "two", "three"):
            self._begin(self._drain(name, on=False))

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work, name="user")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _submit(self, key: str) -> None:
        wish: dict[str, Any] = {
            "user": self._chance.choice(["ann", "bob"]),
            "array": self._chance.choice([None, "1-3", "1-4%2"]),
            "key": key,
        }

        async def serve(parts: Parts) -> Accepted:
            return await Bench(parts, self._clock).submit(**wish)

        accepted: Accepted = await self._ask(serve)
        ids = [job.id for job in accepted.jobs]
        self._say(f"{wish['user']} has submitted {ids}")
        self.accepted |= set(ids)

    async def _cancel(self) -> None:
        if not self.accepted:
            return
        job_id = self._chance.choice(sorted(self.accepted))

        async def serve(parts: Parts) -> str:
            try:
                job = await cancel.cancel(
                    job_id,
                    actor="user:ann",
                    database=parts.database,
                    roll=parts.roll,
                    clock=parts.clock,
                    wake=parts.wake,
                )
            except WrongStateError as error:
                return str(error)
            return job.state.value

        self._say(f"cancel of {job_id}: {await self._ask(serve)}")

    async def _drain(self, name: str, *, on: bool) -> None:
        async def serve(parts: Parts) -> bool:
            try:
                await drain.drain(
                    name,
                    on=on,
                    database=parts.database,
                    roll=parts.roll,
                    clock=parts.clock,
                    wake=parts.wake,
                )
            except AgentNotFoundError:
                return False
            return True

        self._say(f"drain of {name}, {on}: {await self._ask(serve)}")

    async def _ask(self, request: Request) -> Any:
        while True:
            try:
                return await self._network.call("users", request)
            except UnavailableError:
                await asyncio.sleep(self._chance.uniform(0.5, 8))
