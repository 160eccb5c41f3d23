"""What the dashboard knows of a site, and how old that is.

Only the feed writes here, between two awaits; screens read. Knows no widget and no connection.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from joborch.domain.states import JobState
from joborch.wire.agents import AgentView
from joborch.wire.jobs import JobView
from joborch.wire.services import ServiceView, UsageView

MOST_JOBS = 250_000
"""Beyond this many the oldest of those that have ended are forgotten."""


class LinkState(StrEnum):
    """How the connection to the server is."""

    CONNECTING = "connecting"
    LOADING = "loading"
    LIVE = "live"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The connection to the server."""

    state: LinkState = LinkState.CONNECTING
    since: datetime | None = None
    """Since when it is offline."""
    reason: str = ""
    hint: str = ""
    retry_at: datetime | None = None


@dataclass(slots=True)
class Picture:
    """The jobs, agents, services and quotas, as last heard of."""

    jobs: dict[int, JobView] = field(default_factory=dict)
    agents: list[AgentView] = field(default_factory=list)
    services: list[ServiceView] = field(default_factory=list)
    usage: list[UsageView] = field(default_factory=list)
    link: Link = field(default_factory=Link)
    as_of: datetime | None = None
    """When the server was last heard."""
    states: Counter[str] = field(default_factory=Counter)
    """How many jobs are in each state; ``held`` counts apart from ``queued``."""

    @property
    def is_live(self) -> bool:
        """Whether what is known is what is."""
        return self.link.state in {LinkState.LIVE, LinkState.LOADING}

    def put(self, jobs: Iterable[JobView]) -> frozenset[int]:
        """Take in jobs as they are now; returns the ids of those that are news."""
        changed = set()
        for job in jobs:
            before = self.jobs.get(job.id)
            if before == job:
                continue
            if before is not None:
                self.states[counted_as(before)] -= 1
            self.states[counted_as(job)] += 1
            self.jobs[job.id] = job
            changed.add(job.id)
        self._forget()
        return frozenset(changed)

    def replace(self, jobs: Mapping[int, JobView]) -> None:
        """Know these jobs and no others."""
        self.jobs.clear()
        self.jobs.update(jobs)
        self.states = Counter(map(counted_as, self.jobs.values()))

    def usage_of(self, user_id: str, service: str) -> UsageView | None:
        """Return what a user has of a service."""
        found = (u for u in self.usage if (u.user_id, u.service) == (user_id, service))
        return next(found, None)

    def service(self, name: str) -> ServiceView | None:
        """Return a service."""
        return next((one for one in self.services if one.name == name), None)

    def _forget(self) -> None:
        if len(self.jobs) <= MOST_JOBS:
            return
        ended = sorted(i for i, job in self.jobs.items() if JobState(job.state).is_terminal)
        for job_id in ended[: len(self.jobs) - MOST_JOBS]:
            self.states[counted_as(self.jobs.pop(job_id))] -= 1


def counted_as(job: JobView) -> str:
    """Return the state that a job counts for; one that is held does not count as queued."""
    return "held" if job.held_at and job.state == JobState.QUEUED else job.state
