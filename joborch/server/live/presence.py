"""Which agents are here, what each is to be told, and whether it is asking right now.

All of it is in memory and about this process only: what an agent holds is in the database. Times
are the server's monotonic clock, so that no jump of the wall clock can expire a lease.
"""

import asyncio
from dataclasses import dataclass, field

from joborch.domain.agents import Agent, Load
from joborch.domain.errors import SupersededError
from joborch.wire.agents import CancelOrder, Lease, PollAnswer, SnapshotOrder, StopOrder

LATE_AFTER_S = 10.0
"""How long after its poll was answered an agent may take to ask again and still be ``up``."""

Order = tuple[str, int, int]
"""Kind, job and attempt of something that an agent has been told."""


@dataclass(slots=True)
class Presence:
    """One agent that has spoken to this process."""

    agent: Agent
    incarnation: int
    seen: float
    load: Load | None = None
    is_draining: bool = False
    newest_poll: int = 0
    """The agent's own number of the last poll that was served."""
    asking: int = 0
    """The number of the poll that is held for it, 0 if none is."""
    leases: list[Lease] = field(default_factory=list)
    cancels: dict[tuple[int, int], CancelOrder] = field(default_factory=dict)
    stops: set[tuple[int, int]] = field(default_factory=set)
    snapshots: dict[str, SnapshotOrder] = field(default_factory=dict)
    follow: dict[int, int] = field(default_factory=dict)
    """Jobs whose logs are read, with the number of the tap."""
    _told: set[object] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _polls: int = 0

    @property
    def takes_jobs(self) -> bool:
        """Whether new jobs may go to it."""
        return not self.is_draining and self.agent.draining_at is None

    def cancel(self, order: CancelOrder) -> None:
        """Have the agent end an attempt."""
        self.cancels[order.job_id, order.attempt] = order
        self._news.set()

    def give(self, lease: Lease) -> None:
        """Have the agent run an attempt."""
        self.leases.append(lease)
        self._news.set()

    def want_snapshot(self, order: SnapshotOrder) -> None:
        """Have the agent send a running job's directory."""
        self.snapshots[order.request_id] = order
        self._news.set()

    def follow_log(self, job_id: int, tap: int | None) -> None:
        """Have the agent send a job's log to a tap from its beginning, or no more."""
        if tap is None:
            self.follow.pop(job_id, None)
        else:
            self.follow[job_id] = tap
        self._news.set()

    def leave(self) -> None:
        """End the held poll with what there is, because this process or the agent's is over."""
        self.asking = 0
        self._news.set()

    def begin_poll(self) -> int:
        """Hold a poll for the agent, in place of an earlier one; returns its number."""
        self._polls += 1
        self.asking = self._polls
        self._news.set()
        return self.asking

    def end_poll(self, number: int, *, at: float) -> None:
        """The poll is answered or its connection is gone."""
        if self.asking == number:
            self.asking = 0
            self.seen = at

    async def news(self, poll: int, following: dict[int, int], timeout_s: float) -> None:
        """Wait until there is something to tell, another poll took over, or time is up."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.asking == poll and not self._has_news(following):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return

    def answer(self) -> PollAnswer:
        """Take what there is to tell. Orders are repeated with every answer until obeyed."""
        leases, self.leases = self.leases, []
        self._told |= self._orders()
        return PollAnswer(
            leases=leases,
            cancels=[*self.cancels.values()],
            stops=[StopOrder(job_id=job, attempt=attempt) for job, attempt in self.stops],
            snapshots=[*self.snapshots.values()],
            follow=dict(self.follow),
        )

    def settle(self, active: set[tuple[int, int]], known: set[tuple[int, int]]) -> None:
        """Set what to stop, and forget orders about attempts that are over."""
        self.stops = known - active
        self.cancels = {key: order for key, order in self.cancels.items() if key in active}
        self._told &= self._orders()

    def _has_news(self, following: dict[int, int]) -> bool:
        return bool(self.leases or self._orders() - self._told or self.follow != following)

    def _orders(self) -> set[object]:
        return {
            *(("cancel", *key, order.grace_s) for key, order in self.cancels.items()),
            *(("stop", *key) for key in self.stops),
            *(("snapshot", key) for key in self.snapshots),
        }


class Roll:
    """All agents that have spoken to this process."""

    def __init__(self, *, began: float) -> None:
        self.began = began
        """Since when this process would have heard of an agent."""
        self._agents: dict[str, Presence] = {}
        self.ledger = asyncio.Lock()
        """Held while it changes who holds which job, until the agent's answer knows of it."""

    def arrive(self, agent: Agent, incarnation: int, at: float) -> Presence:
        """Note an agent's poll; a newer process starts with a clean sheet, and as ``agent``.

        Raises:
            SupersededError: a newer process of this agent has polled already.
        """
        present = self._agents.get(agent.id)
        if present is not None and incarnation < present.incarnation:
            raise SupersededError(agent.id)
        if present is None or incarnation > present.incarnation:
            if present is not None:
                present.leave()
            present = Presence(agent, incarnation, at)
            self._agents[agent.id] = present
        present.seen = at
        return present

    def expect(self, agent: Agent, at: float) -> None:
        """Give an agent that held jobs before this process began the full time to come back."""
        self._agents[agent.id] = Presence(agent, 0, at)

    def get(self, agent_id: str | None) -> Presence | None:
        """Return an agent's presence, None if it has not spoken to this process."""
        return self._agents.get(agent_id or "")

    def forget(self, agent_id: str) -> None:
        """Note no more of an agent: it was removed."""
        self._agents.pop(agent_id, None)

    def every(self) -> list[Presence]:
        """Return all presences."""
        return [*self._agents.values()]

    def live(self, now: float, within_s: float) -> list[Presence]:
        """Return the agents that are asking, or were heard of so recently that they will."""
        return [one for one in self.every() if one.asking or now - one.seen < within_s]
