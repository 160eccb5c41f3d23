"""Cancels that come between any two steps of a server at work on a job's life.

A step is an access to the database: what an operation does between two of them is not divided. A
cancel has two halves, its own write and the word to the agent, and each has a place of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from joborch.domain.errors import WrongStateError
from joborch.domain.jobs import Job
from joborch.server.operations import cancel
from joborch.server.store.database import Connection, Database, Transaction
from tests.support.bench import Bench

T = TypeVar("T")

AFTER_ALL = 10**6
"""A place behind the last step of any life."""


class Paced(Database):
    """Somebody's database, seen by one who has to wait before each access, and after it."""

    def __init__(
        self,
        inner: Database,
        *,
        before: Callable[[], Awaitable[None]],
        after: Callable[[], Awaitable[None]],
    ) -> None:
        self._inner = inner
        self._before = before
        self._after = after

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Write when it is time, and go on when it is time."""
        await self._before()
        try:
            return await self._inner.write(work)
        finally:
            await self._after()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read when it is time."""
        await self._before()
        return await self._inner.read(work)


@dataclass(slots=True)
class Cancel:
    """Somebody who cancels a job: writes before one step, tells the agent before another."""

    job_id: int
    writes_at: int
    tells_at: int
    seen: Job | None = None
    """The job as it was just before."""
    answer: Job | None = None
    """The job as the cancel left it; None if the cancel was refused."""
    _has_written: asyncio.Event = field(default_factory=asyncio.Event)
    _may_tell: asyncio.Event = field(default_factory=asyncio.Event)
    _task: "asyncio.Task[Job] | None" = None

    async def step(self, bench: Bench, number: int) -> None:
        """Do what is due before the step of this number."""
        if self._task is None and number >= self.writes_at:
            self.seen = await bench.job(self.job_id)
            self._task = asyncio.create_task(self._cancel(bench), name="cancel")
            await self._has_written.wait()
        if self._task and not self._may_tell.is_set() and number >= self.tells_at:
            self._may_tell.set()
            try:
                self.answer = await self._task
            except WrongStateError:
                self.answer = None

    async def _cancel(self, bench: Bench) -> Job:
        parts = bench.parts
        database = Paced(parts.database, before=_at_once, after=self._written)
        return await cancel.cancel(
            self.job_id,
            actor="user:ann",
            database=database,
            roll=parts.roll,
            clock=bench.clock,
            wake=parts.wake,
        )

    async def _written(self) -> None:
        self._has_written.set()
        await self._may_tell.wait()


@dataclass(slots=True)
class Race:
    """A server at work, and those who cancel meanwhile."""

    bench: Bench
    cancels: list[Cancel] = field(default_factory=list)
    steps: int = 0
    """How many the server has made."""

    @property
    def server(self) -> Bench:
        """The server, disturbed before each of its steps."""
        inner = self.bench.parts
        database = Paced(inner.database, before=self._step, after=_at_once)
        return Bench(replace(inner, database=database), self.bench.clock)

    async def finish(self) -> None:
        """Let those cancel who have not yet."""
        for one in self.cancels:
            await one.step(self.bench, AFTER_ALL)

    async def _step(self) -> None:
        for one in self.cancels:
            await one.step(self.bench, self.steps)
        self.steps += 1


async def _at_once() -> None:
    """Not wait."""
