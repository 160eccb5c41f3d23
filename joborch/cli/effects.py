"""What jobs would meet at a server, if they were submitted now.

Of the future it says only what follows from what the server counts now: how many jobs could start
at once, at most. When a job starts that has to wait depends on how long others run.
"""

from dataclasses import dataclass

from joborch.wire.services import ServiceView, UsageView


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What jobs of one user would meet at one service."""

    service: ServiceView
    usage: UsageView
    jobs: int
    """How many would be submitted."""
    free: int
    """How many of them need wait neither for a release nor for a time."""

    @property
    def starting(self) -> int:
        """How many could start at once, at most: others may be ahead of them."""
        of_user = self.usage.limit - self.usage.active - self.usage.queued
        rooms = [self.free, of_user, self.service.slots - self.service.active]
        if self.service.max is not None:
            rooms.append(self.service.max - self.service.active)
        return max(min(rooms), 0)

    def lines(self) -> list[str]:
        """Say it to a person."""
        usage, service = self.usage, self.service
        total = f"{service.active} of {service.max}" if service.max else f"{service.active}"
        agents = f"{service.agents} agent{'s' * (service.agents != 1)}, {service.slots} slots"
        return [
            f"  quota: user {usage.user_id} has {usage.active} of {usage.limit} active and "
            f"{usage.queued} queued on {service.name}; all users: {total} active; {agents}",
            f"  start: {self._start()}",
        ]

    def _start(self) -> str:
        if not self.free:
            return "none before it is released or its time comes"
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
        }
