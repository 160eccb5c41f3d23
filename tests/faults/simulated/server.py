"""The server's processes, one after the other, over one data directory.

Each has the real parts and runs the real loops. It may be killed between any two steps, also
between a commit and its answer; then all that was not on its disk is gone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from random import Random
from typing import Any

from joborch.domain.errors import ServerUnreachableError
from joborch.server.parts import Parts
from joborch.server.settings import ServerSettings
from tests.faults.simulated.processes import Process
from tests.faults.simulated.store import OneThreadDatabase, one_thread
from tests.faults.truths import Books, read_books
from tests.support.builders import FrozenClock

Reply = Callable[[object], None]

RESET = ServerUnreachableError("connection reset")
SLOW_STEP = 0.02
SLOWEST_STEP_S = 3.0
LONGEST_START_S = 25.0


class SimulatedServer:
    """Starts, ends and starts again; ``parts`` are None while it cannot be reached."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        chance: Random,
        clock: FrozenClock,
        say: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.parts: Parts | None = None
        self.is_faulty = True
        self.processes: list[Process] = []
        self._chance = chance
        self._clock = clock
        self._say = say
        self._unanswered: dict[int, Reply] = {}
        self._requests = 0
        self._ended = asyncio.Event()
        self._ready = asyncio.Event()

    async def run(self) -> None:
        """Start a process, and another one whenever it has ended; for ever."""
        while True:
            self._say("the server starts")
            self._ended.clear()
            process = Process("server", lag=self._lag_s)
            self.processes.append(process)
            process.spawn(self._serve())
            await self._ended.wait()
            await asyncio.sleep(self._chance.uniform(0, LONGEST_START_S))

    async def books(self) -> Books:
        """Read what is on its disk, once it runs."""
        await self._ready.wait()
        assert self.parts is not None
        return await self.parts.database.read(read_books)

    def handle(self, request: Callable[[Parts], Awaitable[Any]], reply: Reply) -> None:
        """Have the process that runs, if any, do what is asked; the reply may be an error."""
        if self.parts is None:
            reply(RESET)
            return
        self._requests += 1
        self._unanswered[self._requests] = reply
        self.processes[-1].spawn(self._answer(request, self._requests))

    def kill(self) -> None:
        """End the process, wherever it is."""
        if self._ended.is_set():
            return
        self._say("the server is killed")
        self.processes[-1].kill()
        self._end()

    def shut_down(self) -> None:
        """Ask the process to end, which it does once what is under way is done."""
        if self.parts is None:
            return
        self._say("the server is asked to end")
        self.parts.stopping.set()

    def fail_disk(self, moment: str) -> None:
        """Have the next commit fail, before or after it is durable; the server gives up then."""
        if self.parts and isinstance(self.parts.database, OneThreadDatabase):
            self._say(f"the server's disk fails {moment} the next commit")
            self.parts.database.breaks = moment

    async def _serve(self) -> None:
        async with AsyncExitStack() as stack:
            opened = one_thread(self.settings, clock=self._clock)
            parts, loops = await stack.enter_async_context(opened)
            self.parts = parts
            self._ready.set()
            running = [asyncio.create_task(loop.run(), name=name) for name, loop in loops.items()]
            await parts.stopping.wait()
            for present in parts.roll.every():
                present.leave()
            for loop in loops.values():
                loop.stop()
            await asyncio.gather(*running, return_exceptions=True)
        self._say("the server has ended")
        self._end()

    async def _answer(self, request: Callable[[Parts], Awaitable[Any]], number: int) -> None:
        assert self.parts is not None
        try:
            result: object = await request(self.parts)
        except Exception as error:  # what becomes of it is the edge's business, as in the real one
            result = error
        if reply := self._unanswered.pop(number, None):
            reply(result)

    def _end(self) -> None:
        if self.parts and isinstance(self.parts.database, OneThreadDatabase):
            self.parts.database.let_go()
        self.parts = None
        self._ready.clear()
        self.processes[-1].kill()
        unanswered, self._unanswered = self._unanswered, {}
        for reply in unanswered.values():
            reply(RESET)
        self._ended.set()

    def _lag_s(self) -> float:
        is_slow = self.is_faulty and self._chance.random() < SLOW_STEP
        return self._chance.uniform(0.001, SLOWEST_STEP_S) if is_slow else 0.0
