"""A day in the life of a site, from a seed: the real operations, simulated agents, a bad network.

Everything that happens by chance is drawn from one generator, and everything that happens later is
on one agenda, so the same seed gives the same day, to the last line of its trace. Faults come for
a while, then they stop, and all that was accepted has to come to an end.
"""

import asyncio
import hashlib
import heapq
import inspect
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from joborch.domain.agents import Agent, Capacity
from joborch.domain.errors import SupersededError, WrongStateError
from joborch.server.operations import cancel, lease, report
from joborch.server.store import agents
from joborch.wire.agents import Lease, Poll, PollAnswer, Report, ResultsSent, Started
from tests.faults import polls
from tests.faults.hindsight import overlaps, results_of, wrong_ends
from tests.faults.simulated_agent import Execution, Rules, SimulatedAgent
from tests.faults.truths import Books, read_books, wrong_results, wrongs
from tests.support.bench import Bench, a_bench
from tests.support.builders import FrozenClock

T = TypeVar("T")

LOST_AFTER_S = 60.0
POLL_S = 10.0
FAULTS_S = 240.0
"""How long there are faults."""
CALM_S = 1200.0
"""How long everything may take to come to its end after that."""
SERVICE = f"example:per_user=3,max=5,lost_after={LOST_AFTER_S:g}s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What happened, and what of it must not have."""

    trace: tuple[str, ...]
    wrongs: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*self.trace, *self.wrongs])


async def simulate(seed: int, data: Path, *, rules: Rules | None = None) -> Day:
    """Live through the day of a seed, with the server's data in an empty directory."""
    async with AsyncExitStack() as stack:
        site = Site(Random(seed), data, stack)  # noqa: S311 - chance, no secret
        await site.open(rules or Rules())
        found = await site.live()
        return Day(trace=tuple(site.trace), wrongs=tuple(found))


@dataclass(slots=True)
class HeldPoll:
    """A poll that the server holds for an agent."""

    agent: SimulatedAgent
    identity: Agent
    said: Poll
    asking: "asyncio.Task[PollAnswer]"
    answered: Callable[[PollAnswer], None]
    failed: Callable[[], None]


@dataclass(slots=True)
class Site:
    """The server, its agents, what connects them, and the agenda."""

    random: Random
    data: Path
    stack: AsyncExitStack
    clock: FrozenClock = field(default_factory=FrozenClock)
    trace: list[str] = field(default_factory=list)
    agents: list[SimulatedAgent] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    accepted: set[int] = field(default_factory=set)
    agenda: list[tuple[float, int, Callable[[], Any]]] = field(default_factory=list)
    held: list[HeldPoll] = field(default_factory=list)
    cut_until: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    server: AsyncExitStack | None = None
    bench: Bench = field(init=False)
    is_faulty: bool = True
    _numbers: "count[int]" = field(default_factory=count)

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    def say(self, text: str) -> None:
        self.trace.append(f"{self.now:9.3f} {text}")

    def after(self, delay_s: float, action: Callable[[], Any]) -> None:
        """Put something on the agenda; what is due at the same time keeps its order."""
        heapq.heappush(self.agenda, (self.now + max(delay_s, 0.0), next(self._numbers), action))

    async def open(self, rules: Rules) -> None:
        await self.start_server()
        for name in ("one", "two", "three"):
            identity = await self._enrol(name, 1)
            self.agents.append(SimulatedAgent(self, identity, rules, self.executions))

    async def live(self) -> list[str]:
        """Go through the agenda until everything has ended; returns what is wrong."""
        self._plan()
        until = self.now + FAULTS_S
        found = await self._go_through(until)
        self.say("the faults are over")
        self.is_faulty = False
        await self.start_server()
        for agent in self.agents:
            if not agent.is_up:
                agent.start()
        found += await self._go_through(self.now + CALM_S)
        books = await self.books()
        found += [
            f"job {job.id} is {job.state}" for job in books.jobs.values() if not job.finished_at
        ]
        found += wrong_results(books, self.data)
        found += wrongs(books, self.bench.parts.catalog.limits())
        if set(books.jobs) != self.accepted:
            found.append("the jobs are not those that were accepted")
        return [*found, *wrong_ends(books, self.executions), *overlaps(self.executions)]

    async def books(self) -> Books:
        return await self.bench.parts.database.read(read_books)

    async def start_server(self) -> None:
        if self.server is not None:
            return
        self.say("the server starts")
        self.server = await self.stack.enter_async_context(AsyncExitStack())
        opened = a_bench(self.data, SERVICE, clock=self.clock, poll_s=str(POLL_S))
        self.bench = await self.server.enter_async_context(opened)
        await self._rescue(self.bench)

    async def stop_server(self) -> None:
        if self.server is None or not self.is_faulty:
            return
        self.say("the server ends")
        held, self.held = self.held, []
        for one in held:
            one.asking.cancel()
            self.after(self.random.uniform(0.1, 3), one.failed)
        await asyncio.gather(*(one.asking for one in held), return_exceptions=True)
        await self.server.aclose()
        self.server = None
        self.after(self.random.uniform(0, 25), self.start_server)

    def send_poll(
        self,
        agent: SimulatedAgent,
        said: Poll,
        answered: Callable[[PollAnswer], None],
        failed: Callable[[], None],
    ) -> None:
        hold = partial(self._hold, agent, agent.identity, said, answered, failed)
        self._send(agent, hold, failed)

    def send_start(self, agent: SimulatedAgent, one: Lease) -> None:
        notice = Started(job_id=one.job_id, attempt=one.attempt, token=one.token, ago_s=0.0)
        identity = agent.identity

        async def serve() -> None:
            if self.server is not None:
                parts = self.bench.parts
                await lease.started(identity, [notice], database=parts.database, clock=self.clock)

        self._send(agent, serve, lambda: None, may_repeat=True)

    def send_report(
        self,
        agent: SimulatedAgent,
        one: Lease,
        outcome: str,
        answered: Callable[[str], None],
        failed: Callable[[], None],
    ) -> None:
        said = _report(one, outcome)
        serve = partial(self._take_report, agent, agent.identity, said, answered, failed)
        self._send(agent, serve, failed, may_repeat=True)

    def _send(
        self,
        agent: SimulatedAgent,
        serve: Callable[[], Awaitable[None]],
        failed: Callable[[], None],
        *,
        may_repeat: bool = False,
    ) -> None:
        """Send a request; a repetition comes whenever it likes, and its answer goes nowhere."""
        if self._loses(agent):
            self.after(self.random.uniform(1, 8), failed)
            return
        self.after(self._delay(), serve)
        if may_repeat and self.is_faulty and self.random.random() < 0.15:
            self.after(self.random.uniform(0, 120), serve)

    def _reply(
        self,
        agent: SimulatedAgent,
        answered: Callable[[T], None],
        failed: Callable[[], None],
        answer: T,
    ) -> None:
        if self._loses(agent):
            self.after(self.random.uniform(1, 8), failed)
        else:
            self.after(self._delay(), partial(answered, answer))

    def _loses(self, agent: SimulatedAgent) -> bool:
        if not self.is_faulty:
            return False
        return self.now < self.cut_until[agent.name] or self.random.random() < 0.08

    def _delay(self) -> float:
        is_slow = self.is_faulty and self.random.random() < 0.1
        return self.random.uniform(0.01, 20 if is_slow else 0.3)

    async def _hold(
        self,
        agent: SimulatedAgent,
        identity: Agent,
        said: Poll,
        answered: Callable[[PollAnswer], None],
        failed: Callable[[], None],
    ) -> None:
        if self.server is None:
            self.after(1, failed)
            return
        asking = await polls.begin(self.bench, identity, said)
        one = HeldPoll(agent, identity, said, asking, answered, failed)
        self.held.append(one)
        self.after(POLL_S, partial(self._let_go, one))
        await self._dispatch(self.bench)

    async def _let_go(self, one: HeldPoll) -> None:
        if one in self.held:
            self.held.remove(one)
            answer = await polls.time_out(self.bench, one.identity, one.said, one.asking)
            self._reply(one.agent, one.answered, one.failed, answer)

    async def _answer_polls(self) -> None:
        """Send off what the server has answered."""
        await polls.rest()
        for one in [one for one in self.held if one.asking.done()]:
            self.held.remove(one)
            try:
                self._reply(one.agent, one.answered, one.failed, await one.asking)
            except SupersededError:
                self.after(1, one.failed)

    async def _take_report(
        self,
        agent: SimulatedAgent,
        identity: Agent,
        said: Report,
        answered: Callable[[str], None],
        failed: Callable[[], None],
    ) -> None:
        if self.server is None:
            self.after(1, failed)
            return
        parts = self.bench.parts
        (reported,) = await report.report(
            identity,
            [said],
            database=parts.database,
            blobs=parts.blobs,
            clock=self.clock,
            wake=lambda: None,
        )
        self._reply(agent, answered, failed, reported.disposition)
        await self._dispatch(self.bench)

    async def _dispatch(self, bench: Bench) -> None:
        """The dispatch loop's pass; it asks to be called again when a job's time has come."""
        if bench is self.bench and self.server is not None:
            delay_s = await bench.dispatch()
            if delay_s is not None:
                self.after(delay_s, partial(self._dispatch, bench))

    async def _rescue(self, bench: Bench) -> None:
        if bench is self.bench and self.server is not None:
            delay_s = await bench.rescue()
            self.after(delay_s + 0.01, partial(self._rescue, bench))
            await self._dispatch(bench)

    def _plan(self) -> None:
        """Draw what users do, and what goes wrong."""
        for agent in self.agents:
            self.after(self.random.uniform(0, 5), agent.start)
        for _ in range(6):
            self.after(self._some_time(), self._submit)
        for _ in range(5):
            self.after(self._some_time(), self._cancel)
        for _ in range(2):
            self.after(self._some_time(), self.stop_server)
        for accident, times in ((self._crash, 4), (self._reboot, 2), (self._cut, 8)):
            for _ in range(times):
                self.after(self._some_time(), partial(accident, self.random.choice(self.agents)))
        self.after(self._some_time(), partial(self._lose_disk, self.random.choice(self.agents)))

    def _some_time(self) -> float:
        return self.random.uniform(0, FAULTS_S * 0.9)

    async def _submit(self) -> None:
        user, array = self.random.choice(["ann", "bob"]), self.random.choice([None, "1-3", "1-4%2"])
        if self.server is None:
            self.after(5, self._submit)
            return
        done = await self.bench.submit(user=user, array=array)
        ids = [job.id for job in done.jobs]
        self.say(f"{user} submits {ids}")
        self.accepted |= set(ids)
        await self._dispatch(self.bench)

    async def _cancel(self) -> None:
        if self.server is None or not self.accepted:
            return
        job_id, parts = self.random.choice(sorted(self.accepted)), self.bench.parts
        try:
            done = await cancel.cancel(
                job_id,
                actor="user:ann",
                database=parts.database,
                roll=parts.roll,
                clock=self.clock,
            )
            self.say(f"cancel of {job_id}: {done.state}")
        except WrongStateError as error:
            self.say(f"cancel refused: {error}")

    def _crash(self, agent: SimulatedAgent) -> None:
        if agent.is_up:
            agent.crash()
            self._start_later(agent)

    def _reboot(self, agent: SimulatedAgent) -> None:
        if agent.is_up:
            agent.reboot()
            self._start_later(agent)

    def _cut(self, agent: SimulatedAgent) -> None:
        self.cut_until[agent.name] = self.now + self.random.uniform(40, 90)
        self.say(f"{agent.name} is cut off until {self.cut_until[agent.name]:.3f}")

    async def _lose_disk(self, agent: SimulatedAgent) -> None:
        if not agent.is_up or self.server is None:
            return
        agent.lose_disk(await self._enrol(agent.name, 2))
        self._start_later(agent)

    def _start_later(self, agent: SimulatedAgent) -> None:
        process = agent.process

        def start() -> None:
            if agent.process == process:
                agent.start()

        self.after(self.random.uniform(0.5, 100), start)

    async def _enrol(self, name: str, number: int) -> Agent:
        identity = Agent(
            id=f"{name}-{number}",
            name=name,
            host=name,
            version="1",
            services={"example": 2},
            capacity=Capacity(slots=2),
            labels={},
            enrolled_at=self.clock.now(),
            seen_at=self.clock.now(),
        )
        await self.bench.parts.database.write(lambda t: agents.add(t, identity, key_hash=b""))
        return identity

    async def _go_through(self, until: float) -> list[str]:
        """Do what is due until a moment, or until everything has ended; returns what was wrong."""
        for number in count(1):
            if not self.agenda or self.agenda[0][0] > until:
                self.clock.advance(seconds=max(until - self.now, 0))
                return []
            at, _, action = heapq.heappop(self.agenda)
            self.clock.advance(seconds=max(at - self.now, 0))
            done = action()
            if inspect.isawaitable(done):
                await done
            await self._answer_polls()
            if number % 100 == 0 and self.server is not None:
                books = await self.books()
                if found := wrongs(books, self.bench.parts.catalog.limits()):
                    return found
                if not self.is_faulty and all(job.finished_at for job in books.jobs.values()):
                    return []
        raise AssertionError


def _report(one: Lease, outcome: str) -> Report:
    data = results_of(one.job_id, one.attempt, outcome)
    return Report(
        job_id=one.job_id,
        attempt=one.attempt,
        token=one.token,
        outcome=outcome,
        results=ResultsSent(
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            data=data,
        ),
    )
