"""Bring together what a forecast is made of, and say why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from joborch.domain.estimates import FEWEST, Estimate
from joborch.domain.forecast import Line, start_of_last
from joborch.domain.quotas import Limits
from joborch.domain.scheduling import AgentRoom
from joborch.process.clock import Clock
from joborch.server.live.presence import LATE_AFTER_S, Presence, Roll
from joborch.server.operations.dispatch import Live, seat
from joborch.server.store import lines, overrides, pauses
from joborch.server.store import usage as counters
from joborch.server.store.database import Connection
from joborch.server.store.lines import Groups, Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """The agents that are here: those that take jobs, and those that do not."""

    agents: Live
    others: Sequence[Presence]

    @classmethod
    def of(cls, roll: Roll, clock: Clock) -> "Taking":
        """Look at who is here now."""
        live = roll.live(clock.monotonic(), LATE_AFTER_S)
        return cls(
            agents={one.agent.id: seat(one) for one in live if one.takes_jobs},
            others=[one for one in live if not one.takes_jobs],
        )

    def offered(self) -> set[str]:
        """Return the services that those offer which take jobs."""
        return {service for agent, _, _ in self.agents.values() for service in agent.services}

    def draining(self, service: str) -> list[str]:
        """Return the names of those that offer the service but take no jobs."""
        return sorted(one.agent.name for one in self.others if service in one.agent.services)


def offering(rooms: Sequence[AgentRoom], service: str) -> tuple[set[str], int]:
    """Return the ids of the agents that offer a service, and how many of its slots are free."""
    found = [room for room in rooms if service in room.services]
    free = sum(max(0, min(room.services[service], room.free.slots)) for room in found)
    return {room.agent_id for room in found}, free


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A service as it is now, with all who wait for it and who hold its slots."""

    service: str
    limits: Limits
    own_limits: Mapping[str, int]
    """How many active jobs operators allow some users, in place of the service's limit."""
    is_paused: bool
    slots: int
    """Those that are taken, and those that are free at agents which take jobs."""
    now: datetime
    history_s: Sequence[float]
    holders: Sequence[Holder]
    waiting: dict[str, Groups]
    served: dict[str, int]
    """Users in the order in which they were served, the longest ago first."""

    def line_before(self, user_id: str, priority: int) -> Groups:
        """Return those of a user's jobs that a new one of this priority would stand behind."""
        return [group for group in self.waiting.get(user_id, []) if group[0] >= priority]

    def limit_of(self, user_id: str) -> int:
        """Return how many active jobs a user may have."""
        return self.own_limits.get(user_id, self.limits.per_user)

    def start_of_last(self, user_id: str, waiting: Groups, *, limit: int) -> Estimate | str:
        """Say when the last of ``waiting`` starts as the user's line, or why nobody knows."""
        if self.is_paused:
            return f"{self.service} is paused"
        if len(self.history_s) < FEWEST:
            return f"fewer than {FEWEST} jobs of {self.service} have run"
        if not limit or self.limits.total == 0:
            return f"the quota of {self.service} is 0"
        if not self.slots:
            return f"jobs of other services hold all slots for {self.service}"
        others = [
            self._line(other, self.waiting.get(other, []), limit=self.limit_of(other))
            for other in {*self.waiting, *(holder.user_id for holder in self.holders)} - {user_id}
        ]
        others.sort(key=lambda line: line.served)
        mine = self._line(user_id, waiting, limit=limit)
        slots = min(self.slots, self.limits.total or self.slots)
        found = start_of_last(mine, others, slots=slots, history_s=self.history_s)
        return found or "it never starts as things are"

    def _line(self, user_id: str, waiting: Groups, *, limit: int) -> Line:
        return Line(
            limit=limit,
            waiting=waiting,
            active_s=[
                max((self.now - holder.since).total_seconds(), 0)
                for holder in self.holders
                if holder.user_id == user_id
            ],
            served=self.served.get(user_id, 0),
        )


def read_pool(
    connection: Connection, service: str, *, limits: Limits, free_slots: int, now: datetime
) -> Pool:
    """Read a service's lines; ``free_slots`` are those at agents that take jobs."""
    holders = lines.holders(connection, service)
    served = sorted(
        (used.served_at, used.user_id)
        for used in counters.all_usage(connection).values()
        if used.service == service and used.served_at is not None
    )
    return Pool(
        service=service,
        limits=limits,
        own_limits={
            user_id: override.running
            for (where, user_id), override in overrides.every(connection).items()
            if where == service and override.running is not None
        },
        is_paused=service in pauses.every(connection),
        slots=len(holders) + free_slots,
        now=now,
        history_s=lines.history_s(connection, service),
        holders=holders,
        waiting=lines.waiting(connection, service, now),
        served={user_id: number for number, (_, user_id) in enumerate(served, 1)},
    )
