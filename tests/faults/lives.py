"""What an agent may do with the jobs it is given: short lives, told to a server step by step."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from joborch.domain.agents import Agent
from joborch.server.operations import lease, report
from joborch.wire.agents import (
    KnownAttempt,
    Lease,
    Poll,
    PollAnswer,
    Report,
    ResultsSent,
    Started,
)
from tests.faults import polls
from tests.support.bench import Bench

LOST_AFTER_S = 60
RESULTS = (b"first, ", b"second ", b"and last")


@dataclass(slots=True)
class Host:
    """An agent's host, which remembers what it was told and what of its words was recorded."""

    server: Bench
    agent: Agent
    incarnation: int
    leases: dict[int, Lease] = field(default_factory=dict)
    """What it holds, by job."""
    cancelled: set[int] = field(default_factory=set)
    """The jobs that it was told to end."""
    recorded: dict[int, str] = field(default_factory=dict)
    """The outcomes that the server recorded."""

    async def poll(self) -> PollAnswer:
        """Ask for work and orders, with a dispatch pass meanwhile; return the answer unread."""
        known = [KnownAttempt(job_id=one.job_id, attempt=one.attempt) for one in self._held]
        said = Poll(incarnation=self.incarnation, known=known)
        asking = await polls.begin(self.server, self.agent, said)
        await self.server.dispatch()
        return await polls.time_out(self.server, self.agent, said, asking)

    async def obey(self) -> list[Lease]:
        """Ask, and take what there is; returns what it holds then."""
        answer = await self.poll()
        self.leases |= {one.job_id: one for one in answer.leases}
        self.cancelled |= {order.job_id for order in answer.cancels}
        return self._held

    async def start(self, one: Lease) -> None:
        """Tell that an attempt has begun."""
        notice = Started(job_id=one.job_id, attempt=one.attempt, token=one.token, ago_s=0.0)
        parts = self.server.parts
        await lease.started(self.agent, [notice], database=parts.database, clock=self.server.clock)

    async def upload(self, one: Lease) -> None:
        """Bring the results in pieces."""
        offset = 0
        for piece in RESULTS:
            parts = self.server.parts
            await report.receive(
                self.agent,
                one.job_id,
                one.attempt,
                one.token,
                offset=offset,
                chunks=_stream(piece),
                database=parts.database,
                blobs=parts.blobs,
            )
            offset += len(piece)

    async def end(self, one: Lease, outcome: str, *, is_inline: bool = True) -> None:
        """Report an end, with results, and forget the attempt."""
        data = b"".join(RESULTS)
        digest = hashlib.sha256(data).hexdigest()
        sent = data if is_inline else None
        said = Report(
            job_id=one.job_id,
            attempt=one.attempt,
            token=one.token,
            outcome=outcome,
            results=ResultsSent(size_bytes=len(data), sha256=digest, data=sent),
        )
        parts = self.server.parts
        (answer,) = await report.report(
            self.agent,
            [said],
            database=parts.database,
            blobs=parts.blobs,
            clock=self.server.clock,
            wake=lambda: None,
        )
        del self.leases[one.job_id]
        if answer.disposition == "recorded":
            self.recorded[one.job_id] = outcome

    @property
    def _held(self) -> list[Lease]:
        return [*self.leases.values()]


Life = Callable[[Host], Awaitable[None]]


async def finishes(host: Host) -> None:
    """Run everything to its end, whatever is said meanwhile."""
    for one in await host.obey():
        await host.start(one)
        await host.end(one, "completed")


async def obeys(host: Host) -> None:
    """End what it is told to; finish the rest."""
    for one in await host.obey():
        await host.start(one)
    for one in await host.obey():
        await host.end(one, "cancelled" if one.job_id in host.cancelled else "completed")


async def uploads(host: Host) -> None:
    """Finish with results that are brought in pieces."""
    for one in await host.obey():
        await host.start(one)
        await host.upload(one)
        await host.end(one, "completed", is_inline=False)


async def reports_twice(host: Host) -> None:
    """Finish, and say so once more because the answer was lost."""
    for one in await host.obey():
        await host.end(one, "failed")
        host.leases[one.job_id] = one
        await host.end(one, "failed")


async def rejects(host: Host) -> None:
    """Find that it cannot be run."""
    for one in await host.obey():
        await host.end(one, "invalid")


async def loses_its_supervisor(host: Host) -> None:
    """Find that nobody knows how it ended."""
    for one in await host.obey():
        await host.start(one)
        await host.end(one, "lost")


async def loses_an_answer(host: Host) -> None:
    """Hear of its work only when it is offered again."""
    await host.poll()
    await finishes(host)


async def restarts(host: Host) -> None:
    """Run what does not end by itself, and be another process from the middle on."""
    for one in await host.obey():
        await host.start(one)
    host.incarnation += 1
    await host.obey()


async def falls_silent(host: Host) -> None:
    """Run things, and never be heard of again."""
    for one in await host.obey():
        await host.start(one)
    host.leases.clear()
    host.server.clock.advance(seconds=LOST_AFTER_S)
    await host.server.rescue()


async def comes_back_late(host: Host) -> None:
    """Finish, but be silent for so long that the jobs are given up before the server hears."""
    held = await host.obey()
    host.server.clock.advance(seconds=LOST_AFTER_S)
    await host.server.rescue()
    for one in held:
        await host.end(one, "completed")


LIVES: tuple[Life, ...] = (
    finishes,
    obeys,
    uploads,
    reports_twice,
    rejects,
    loses_its_supervisor,
    loses_an_answer,
    restarts,
    falls_silent,
    comes_back_late,
)


async def _stream(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
