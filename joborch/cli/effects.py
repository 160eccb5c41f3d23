"""What jobs would meet at a server, if they were submitted now.

How many could start at once, at most, follows from what the server counts now. When the others do
is the server's guess, from how long jobs ran before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from joborch.cli.forecasts import told
from joborch.wire.services import ServiceView, UsageView
from joborch.wire.statistics import StartEstimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What jobs of one user would meet at one service."""

    service: ServiceView
    usage: UsageView
    jobs: int
    """How many would be submitted."""
    free: int
    """How many of them need wait neither for a release nor for a time."""
    ahead: int
    """How many of the user's jobs stand in the line before them; no more than matter."""
    start: StartEstimate | None = None
    """The server's guess, if it makes one."""

    @property
    def starting(self) -> int:
        """How many could start at once, at most: others may be ahead of them."""
        if self.service.paused:
            return 0
        of_user = self.usage.limit - self.usage.active - self.ahead
        rooms = [self.free, of_user, self.service.slots - self.service.active]
        if self.service.max is not None:
            rooms.append(self.service.max - self.service.active)
        return max(min(rooms), 0)

    def lines(self, now: datetime, *, in_utc: bool) -> list[str]:
        """Say it to a person."""
        usage, service = self.usage, self.service
        total = f"{service.active} of {service.max}" if service.max else f"{service.active}"
        agents = f"{service.agents} agent{'s' * (service.agents != 1)}, "
        agents += f"{service.slots} slot{'s' * (service.slots != 1)}"
        return [
            f"  quota: user {usage.user_id} has {usage.active} of {usage.limit} active and "
            f"{usage.queued} queued on {service.name}; all users: {total} active; {agents}",
            f"  start: {self._start()}",
            *self._expected(now, in_utc=in_utc),
        ]

    def _expected(self, now: datetime, *, in_utc: bool) -> Iterator[str]:
        start = self.start
        if start is None or not self.free or not self.service.agents:
            return
        if start.first is None:
            yield f"  about: no estimate: {start.reason}"
            return
        first = told(start.first, now, in_utc=in_utc)
        if self.jobs == 1:
            yield f"  about: {first}"
            return
        if start.last is None:
            yield f"  about: the first {first}"
            return
        yield f"  about: the first {first}; the last {told(start.last, now, in_utc=in_utc)}"

    def _start(self) -> str:
        if not self.free:
            return "none before it is released or its time comes"
        if self.service.paused:
            return f"none before {self.service.name} is resumed"
        if not self.service.agents:
            return f"none before an agent offers {self.service.name}"
        if self.starting >= self.jobs:
            return "at once, unless other users are ahead"
        return f"at most {self.starting} at once; the others as running jobs end"

    def document(self) -> dict[str, object]:
        """Say it to a program."""
        return {
            "service": self.service.name,
            "user_id": self.usage.user_id,
            "jobs": self.jobs,
            "user_active": self.usage.active,
            "user_queued": self.usage.queued,
            "user_limit": self.usage.limit,
            "service_active": self.service.active,
            "service_limit": self.service.max,
            "agents": self.service.agents,
            "slots": self.service.slots,
            "starting_at_most": self.starting,
            "first_start": self.start and self.start.first,
            "last_start": self.start and self.start.last,
        }
