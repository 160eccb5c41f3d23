"""The server's operations over a real database and files, without HTTP, at a frozen time."""

import asyncio
import hashlib
import io
import tempfile
import zipfile
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from joborch.domain.agents import Agent
from joborch.domain.arrays import parse_array
from joborch.domain.dependencies import Dependencies
from joborch.domain.jobs import Job, NewJob
from joborch.process.clock import Jumps
from joborch.server.assembly import assembled
from joborch.server.operations import clean, dispatch, enrol, lease, report, rescue, submit
from joborch.server.operations.submit import Accepted, Order
from joborch.server.parts import Parts
from joborch.server.settings import load_settings
from joborch.server.store import agents, events, jobs, schema, usage
from joborch.wire.agents import (
    CapacityView,
    Enrolment,
    KnownAttempt,
    Lease,
    Poll,
    PollAnswer,
    Report,
    ResultsSent,
    Started,
)
from joborch.wire.events import EventView
from tests.support.builders import FrozenClock
from tests.support.waiting import async_wait_until


class Bench:
    """What a test does to a server, in words of the domain."""

    def __init__(self, parts: Parts, clock: FrozenClock) -> None:
        self.parts = parts
        self.clock = clock
        self.jumps = Jumps(clock)

    async def submit(
        self,
        *,
        user: str = "ann",
        service: str = "example",
        files: dict[str, bytes] | None = None,
        array: str | None = None,
        after: Sequence[int] = (),
        after_any: Sequence[int] = (),
        key: str | None = None,
        accepts_missing_script: bool = False,
        **new: Any,
    ) -> Accepted:
        staged = await self.parts.blobs.stage()
        for name, data in (files or {"run.sh": b"echo hello\n"}).items():
            await staged.begin(name)
            await staged.write(data)
            await staged.end()
        order = Order(
            new=NewJob(user_id=user, service=service, name="hello", **new),
            array=parse_array(array) if array else None,
            after=Dependencies(completed=(*after,), ended=(*after_any,)),
            key=key,
            accepts_missing_script=accepts_missing_script,
        )
        parts = self.parts
        return await submit.submit(
            order,
            staged,
            database=parts.database,
            blobs=parts.blobs,
            catalog=parts.catalog,
            clock=parts.clock,
            wake=parts.wake,
        )

    async def submit_one(self, **but: Any) -> int:
        return (await self.submit(**but)).jobs[0].id

    async def agent(self, name: str = "compute-1", slots: int = 4, **but: Any) -> "ScriptedAgent":
        services = but.pop("services", {"example": slots})
        enrolled = await enrol.enrol(
            Enrolment(
                name=name,
                host="host",
                version="1",
                services=services,
                capacity=CapacityView(slots=slots),
                **but,
            ),
            database=self.parts.database,
            catalog=self.parts.catalog,
            clock=self.clock,
            settings=self.parts.settings,
        )
        agent = await enrol.authenticate(
            enrolled.agent_id, enrolled.key, database=self.parts.database
        )
        return ScriptedAgent(self, agent)

    async def dispatch(self) -> float | None:
        parts = self.parts
        return await dispatch.dispatch(
            database=parts.database,
            blobs=parts.blobs,
            catalog=parts.catalog,
            roll=parts.roll,
            clock=parts.clock,
        )

    async def rescue(self) -> float:
        parts = self.parts
        return await rescue.rescue(
            database=parts.database,
            catalog=parts.catalog,
            roll=parts.roll,
            clock=parts.clock,
            wake=parts.wake,
        )

    async def clean(self) -> float:
        parts = self.parts
        return await clean.clean(
            database=parts.database,
            blobs=parts.blobs,
            clock=parts.clock,
            jumps=self.jumps,
            settings=parts.settings,
        )

    async def job(self, job_id: int) -> Job:
        return await self.parts.database.read(lambda c: jobs.find(c, job_id))

    async def history(self, job_id: int) -> list[EventView]:
        return await self.parts.database.read(lambda c: events.of_job(c, job_id))

    async def told(self, job_id: int) -> list[str]:
        return [event.event for event in await self.history(job_id)]

    async def read_agent(self, agent_id: str) -> Agent:
        return (await self.parts.database.read(lambda c: agents.find(c, agent_id)))[0]

    async def usage(self, user: str = "ann") -> tuple[int, int]:
        found = await self.parts.database.read(usage.all_usage)
        used = found.get(("example", user))
        return (used.active, used.queued) if used else (0, 0)

    async def counter_drift(self) -> list[str]:
        return await self.parts.database.write(usage.recount)


class ScriptedAgent:
    """An agent that does what the test says, one message at a time."""

    def __init__(self, bench: Bench, agent: Agent) -> None:
        self.bench = bench
        self.agent = agent
        self.incarnation = 1
        self.polls = 0
        self.known: dict[tuple[int, int], Lease] = {}

    async def poll(self, **but: Any) -> PollAnswer:
        """Ask once, with a dispatch pass while the poll is held; keeps the leases."""
        asking = await self.ask(**but)
        await self.bench.dispatch()
        present = self.bench.parts.roll.get(self.agent.id)
        if present is not None:
            present.leave()
        answer = await asking
        for lease_ in answer.leases:
            self.known[lease_.job_id, lease_.attempt] = lease_
        return answer

    async def ask(self, **but: Any) -> "asyncio.Task[PollAnswer]":
        """Begin a poll, and return once the server holds it or has answered."""
        before = self._held()
        asking = asyncio.create_task(self.hold(**but), name="poll")

        def is_held() -> bool:
            return asking.done() or self._held() not in {None, before}

        await async_wait_until(is_held)
        return asking

    def hold(self, **but: Any) -> Coroutine[Any, Any, PollAnswer]:
        """Ask, and stay asking until there is something."""
        parts = self.bench.parts
        known = [KnownAttempt(job_id=job, attempt=attempt) for job, attempt in self.known]
        self.polls += 1
        facts: dict[str, Any] = {
            "incarnation": self.incarnation,
            "number": self.polls,
            "known": known,
        }
        said = Poll(**facts | but)
        return lease.poll(
            self.agent,
            said,
            database=parts.database,
            blobs=parts.blobs,
            catalog=parts.catalog,
            roll=parts.roll,
            clock=parts.clock,
            settings=parts.settings,
            wake=parts.wake,
        )

    def _held(self) -> tuple[int, int] | None:
        present = self.bench.parts.roll.get(self.agent.id)
        return (id(present), present.asking) if present and present.asking else None

    async def take(self, count: int = 1) -> list[Lease]:
        leases = (await self.poll()).leases
        assert len(leases) == count
        return leases

    async def start(self, lease_: Lease) -> None:
        notice = Started(
            job_id=lease_.job_id, attempt=lease_.attempt, token=lease_.token, ago_s=0.0
        )
        parts = self.bench.parts
        await lease.started(self.agent, [notice], database=parts.database, clock=parts.clock)

    async def report(
        self,
        lease_: Lease,
        outcome: str = "completed",
        *,
        results: bytes | None = None,
        sha256: str | None = None,
        sent: ResultsSent | None = None,
        **but: Any,
    ) -> str:
        """Report how an attempt ended; ``sent`` was uploaded before. Returns the disposition."""
        if results is not None:
            sent = ResultsSent(
                size_bytes=len(results),
                sha256=sha256 or hashlib.sha256(results).hexdigest(),
                data=results,
            )
        facts: dict[str, Any] = {
            "job_id": lease_.job_id,
            "attempt": lease_.attempt,
            "token": lease_.token,
            "outcome": outcome,
            "exit_code": 0 if outcome == "completed" else None,
            "results": sent,
        }
        parts = self.bench.parts
        answers = await report.report(
            self.agent,
            [Report(**facts | but)],
            database=parts.database,
            blobs=parts.blobs,
            clock=parts.clock,
            wake=parts.wake,
        )
        self.known.pop((lease_.job_id, lease_.attempt), None)
        return answers[0].disposition


@asynccontextmanager
async def a_bench(
    data: Path, *services: str, clock: FrozenClock | None = None, **settings: Any
) -> AsyncIterator[Bench]:
    """Run a server's parts over ``data``, as it was left by an earlier one."""
    flags = {"data": str(data), "service": list(services or ("example",)), "reserve": "1"}
    loaded = load_settings(flags | settings, {}, None)
    data.mkdir(parents=True, exist_ok=True)
    if not loaded.db_path.exists():
        loaded.db_path.write_bytes(_empty_database())
    clock = clock or FrozenClock()
    async with assembled(loaded, clock=clock) as (parts, _):
        yield Bench(parts, clock)


@cache
def _empty_database() -> bytes:
    """Migrate once for all tests of a run."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "empty.db"
        schema.prepare(path)
        return path.read_bytes()


def a_zip(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()
