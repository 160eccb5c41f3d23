"""What the dashboard knows of a site, and how old that is.

Only the feed writes here, between two awaits; while it is paused, the journey. Screens read.
Knows no widget and no connection.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from joborch.domain.states import JobState
from joborch.tui.past import Moment
from joborch.tui.queues import Queues
from joborch.tui.trends import Trends
from joborch.wire.agents import AgentView
from joborch.wire.events import EventView
from joborch.wire.jobs import JobView
from joborch.wire.services import ServiceView, UsageView
from joborch.wire.statistics import Statistics
from joborch.wire.waiting import Turn

MOST_JOBS = 250_000
"""Beyond this many the oldest of those that have ended are forgotten."""
MOST_EVENTS = 2000


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
    """None: not before a person says so."""
    is_refused: bool = False
    """Whether the server, or a proxy before it, demands to know who asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Time stands still on the screen."""

    since: datetime
    lineage: int = 0
    """The picture's, when it was paused."""
    moment: Moment | None = None
    """What is shown is from then; None: from when it was paused."""

    @property
    def at(self) -> datetime:
        """The time on the screen."""
        return self.moment.at if self.moment else self.since


@dataclass(slots=True)
class Picture:
    """The jobs, agents, services and quotas, as last heard of."""

    jobs: dict[int, JobView] = field(default_factory=dict)
    agents: list[AgentView] = field(default_factory=list)
    services: list[ServiceView] = field(default_factory=list)
    usage: list[UsageView] = field(default_factory=list)
    link: Link = field(default_factory=Link)
    lineage: int = 0
    """Grows with each gap in what was heard; the server may have another database since."""
    as_of: datetime | None = None
    """When the server was last heard."""
    states: Counter[str] = field(default_factory=Counter)
    """How many jobs are in each state; ``held`` counts apart from ``queued``."""
    happened: deque[EventView] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    """The newest events that were heard."""
    statistics: Statistics | None = None
    """Of the last minutes."""
    trends: Trends = field(default_factory=Trends)
    """How busy the agents have been."""
    queues: Queues = field(default_factory=Queues)
    """Who waits, in the order of the lines."""
    reasons: dict[int, str] = field(default_factory=dict)
    """What the server said, of the jobs that it was asked about, why they wait."""
    turns: list[Turn] = field(default_factory=list)
    """Who is first in every line, in the order in which the server serves the lines."""
    disk: str = ""
    """What the server says of the room on its disks, as in ``Health``; empty where it does not."""
    answer_s: float | None = None
    """How long the server took to answer lately."""
    is_whole: bool = False
    """Whether all jobs that wait have been listed: until then no place in a line is known."""
    pause: Pause | None = None
    withheld: int = 0
    """How many events were heard since the pause."""

    @property
    def is_connected(self) -> bool:
        """Whether the server can be asked."""
        return self.link.state in {LinkState.LIVE, LinkState.LOADING}

    @property
    def is_live(self) -> bool:
        """Whether what is known is what is."""
        return self.is_connected and not self.is_past

    @property
    def is_past(self) -> bool:
        """Whether it shows how everything was at an earlier moment."""
        return self.pause is not None and self.pause.moment is not None

    @property
    def is_cut_off(self) -> bool:
        """Whether the server's history may not be that of what is shown any more."""
        return self.pause is not None and self.pause.lineage != self.lineage

    @property
    def is_stale(self) -> bool:
        """Whether it shows how everything was when the server was last heard."""
        return self.link.state is LinkState.OFFLINE and not self.is_past

    @property
    def is_blank(self) -> bool:
        """Whether no server was ever heard, so that nothing is known."""
        return self.as_of is None

    def time_shown(self, now: datetime) -> datetime:
        """Return the time on the screen, of which all ages are.

        It stands still in a pause, and from when the server was last heard while it is away.
        """
        return self.pause.at if self.pause else self.latest(now)

    def latest(self, now: datetime) -> datetime:
        """Return the last moment of which something is known."""
        is_away = self.link.state is LinkState.OFFLINE
        return self.as_of if is_away and self.as_of else now

    def put(self, jobs: Iterable[JobView]) -> frozenset[int]:
        """Take in jobs as they are now; returns the ids of those that are news."""
        changed = set()
        for job in jobs:
            before = self.jobs.get(job.id)
            if before == job:
                continue
            if before is not None:
                self._discount(before)
            self.states[counted_as(job)] += 1
            self.queues.join(job)
            self.jobs[job.id] = job
            changed.add(job.id)
        self._forget()
        return frozenset(changed)

    def turn(self, jobs: Mapping[int, JobView | None]) -> frozenset[int]:
        """Show these as they were; None was not there. Returns those that came or went."""
        new = frozenset(jobs.keys() - self.jobs.keys())
        self.put(job for job in jobs.values() if job)
        gone = {job_id for job_id, job in jobs.items() if job is None and job_id in self.jobs}
        for job_id in gone:
            self._discount(self.jobs.pop(job_id))
        return new | gone

    def replace(self, jobs: Mapping[int, JobView]) -> None:
        """Know these jobs and no others."""
        self.reasons = {
            job_id: reason
            for job_id, reason in self.reasons.items()
            if jobs.get(job_id) == self.jobs.get(job_id)
        }
        self.jobs.clear()
        self.jobs.update(jobs)
        self.states = Counter(map(counted_as, self.jobs.values()))
        self.queues.replace(self.jobs.values())
        self.is_whole = True

    def place_of(self, job: JobView) -> int | None:
        """Return the place of a job in its user's line; None if it stands in none."""
        if self.as_of is None or self.is_past or not self.is_whole:
            return None
        return self.queues.place(job, self.as_of)

    def usage_of(self, user_id: str, service: str) -> UsageView | None:
        """Return what a user has of a service."""
        found = (u for u in self.usage if (u.user_id, u.service) == (user_id, service))
        return next(found, None)

    def service(self, name: str) -> ServiceView | None:
        """Return a service."""
        return next((one for one in self.services if one.name == name), None)

    def _discount(self, job: JobView) -> None:
        self.states[counted_as(job)] -= 1
        self.queues.leave(job)
        self.reasons.pop(job.id, None)

    def _forget(self) -> None:
        if len(self.jobs) <= MOST_JOBS:
            return
        ended = sorted(i for i, job in self.jobs.items() if JobState(job.state).is_terminal)
        for job_id in ended[: len(self.jobs) - MOST_JOBS]:
            self._discount(self.jobs.pop(job_id))


def is_same(one: JobView, other: JobView | None) -> bool:
    """Whether both are the same job: in another database its id may be another one's."""
    return other is not None and (one.id, one.submitted_at) == (other.id, other.submitted_at)


def counted_as(job: JobView) -> str:
    """Return the state that a job counts for; one that is held does not count as queued."""
    return "held" if job.held_at and job.state == JobState.QUEUED else job.state
