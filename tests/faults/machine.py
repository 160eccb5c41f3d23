"""A server and two agents in the hands of a test: how to act on them, and what must come of it.

The operations, the database and the files are the real ones, on one thread. An agent's mind is a
:class:`Peer`: it may forget what it knows, and say again what it said before.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from joborch.domain.agents import Agent
from joborch.domain.dependencies import EndKind
from joborch.domain.jobs import Job
from joborch.domain.states import JobState
from joborch.server.operations import cancel, report
from joborch.server.store import jobs
from joborch.wire.agents import KnownAttempt, Lease, Poll, PollAnswer, Report, ResultsSent
from tests.faults import polls
from tests.faults.simulated.processes import SimulatedLoop
from tests.faults.simulated.store import OneThreadDatabase, memory, one_thread, settings_for
from tests.faults.truths import Ruling, read_books
from tests.faults.verdicts import verdict
from tests.server.operations.operators import allows
from tests.support.bench import Bench
from tests.support.builders import FrozenClock

SERVICE = "example:per_user=2,max=3,lost_after=60s"

T = TypeVar("T")
Key = tuple[int, int]
"""Job and attempt."""


@dataclass(slots=True)
class Peer:
    """An agent as its host sees it; what it knows, it may forget."""

    agent: Agent
    incarnation: int = 1
    known: dict[Key, Lease] = field(default_factory=dict)
    heard_at: float = 0.0
    """When the server last heard of it, on the server's clock."""
    newest_heard: int = 0
    """The newest incarnation that the server has heard of."""

    def says(self) -> Poll:
        known = [KnownAttempt(job_id=job, attempt=attempt) for job, attempt in self.known]
        return Poll(incarnation=self.incarnation, known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A lease as it once was given, to one agent."""

    peer: int
    lease: Lease


class Machine(RuleBasedStateMachine):
    """Two agents, one server, and what both sides have said so far."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock()
        self.runner = asyncio.Runner(loop_factory=lambda: SimulatedLoop(self.clock))
        self.folder = tempfile.TemporaryDirectory(dir=memory())
        self.data = Path(self.folder.name) / "data"
        self.stack = AsyncExitStack()
        self.bench = self.run(self.open())
        self.peers = [Peer(self.run(self.bench.agent(name, 2)).agent) for name in ("one", "two")]
        self.books = self.run(self.bench.parts.database.read(read_books))
        self.accepted: set[int] = set()
        self.keys: dict[tuple[str, str], tuple[object, list[int]]] = {}
        self.wants: dict[int, dict[int, EndKind]] = {}
        """What jobs were submitted to wait for."""
        self.rulings: list[Ruling] = []
        """The quotas that operators set for users."""
        self.tokens: dict[int, str] = {}
        """The newest token that was given out for each job."""
        self.seen_commits = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @property
    def commits(self) -> int:
        """How often the server has written something down since it started."""
        database = self.bench.parts.database
        assert isinstance(database, OneThreadDatabase)
        return database.commits

    async def open(self) -> Bench:
        opened = one_thread(settings_for(self.data, SERVICE, max_age="48h"), clock=self.clock)
        parts, _ = await self.stack.enter_async_context(opened)
        return Bench(parts, self.clock)

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()

    async def poll(self, peer: Peer) -> PollAnswer:
        said = peer.says()
        asking = await polls.begin(self.bench, peer.agent, said)
        await self.bench.dispatch()
        answer = await polls.time_out(self.bench, peer.agent, said, asking)
        peer.heard_at, peer.newest_heard = self.clock.monotonic(), peer.incarnation
        return answer

    async def cancel(self, job_id: int) -> Job:
        parts = self.bench.parts
        return await cancel.cancel(
            job_id,
            actor="user:ann",
            database=parts.database,
            roll=parts.roll,
            clock=parts.clock,
            wake=parts.wake,
        )

    async def set_quota(self, user: str, running: int | None) -> None:
        await allows(self.bench, user, running=running)
        self.rulings.append((max(one.seq for one in self.books.events), user, running))

    def held_now(self, peer: Peer) -> set[Key]:
        held = self.run(self.bench.parts.database.read(lambda c: jobs.held_by(c, peer.agent.id)))
        return {(job.id, job.attempt) for job in held}

    def check_orders(self, peer: Peer, answer: PollAnswer, held: set[Key]) -> None:
        before = dict(by_key(self.books.jobs))
        late = {
            key
            for key in peer.known
            if key in before
            and before[key].state is JobState.QUEUED
            and before[key].last_agent_id == peer.agent.id
        }
        asked = {key for key in held & set(peer.known) if before[key].cancel_requested_at}
        stops = {(one.job_id, one.attempt) for one in answer.stops}
        assert stops == set(peer.known) - held - late
        assert asked <= {(one.job_id, one.attempt) for one in answer.cancels}
        assert len({one.job_id for one in answer.leases}) == len(answer.leases)

    def check_report(self, number: int, said: Report) -> None:
        agent, parts = self.peers[number].agent, self.bench.parts
        job = self.run(self.bench.job(said.job_id))
        expected = verdict(
            job,
            said.outcome,
            attempt=said.attempt,
            is_holder=job.last_agent_id == agent.id,
            is_newest_token=self.tokens[job.id] == said.token,
        )
        (reported,) = self.run(
            report.report(
                agent,
                [said],
                database=parts.database,
                blobs=parts.blobs,
                clock=self.clock,
                wake=lambda: None,
            )
        )
        now = self.run(self.bench.job(said.job_id))
        assert (reported.disposition, now.state) == expected

    def check_state(self, job_id: int, state: JobState) -> None:
        assert self.run(self.bench.job(job_id)).state is state


def by_key(every: Mapping[int, Job]) -> list[tuple[Key, Job]]:
    return [((job.id, job.attempt), job) for job in every.values()]


def report_of(
    one: Lease, outcome: str, *, is_start_told: bool = False, has_results: bool = True
) -> Report:
    data = f"{one.job_id}-{one.attempt} {one.token} {outcome}".encode()
    results = ResultsSent(size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), data=data)
    return Report(
        job_id=one.job_id,
        attempt=one.attempt,
        token=one.token,
        outcome=outcome,
        started_ago_s=1.0 if is_start_told else None,
        results=results if has_results else None,
    )
