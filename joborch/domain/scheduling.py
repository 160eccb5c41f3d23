"""Which waiting job goes to which agent, and why each of the others has to wait.

:func:`plan` is a pure, deterministic function of a snapshot. Policy: higher priority first; among
equals the user with the fewest active jobs of that service, then the one served longest ago; then
age. Among the agents that can take a job, the one with the most free slots for its service, then
the least loaded. Somebody else stores the plan, and the store's own guards decide in the end.
"""

import heapq
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from joborch.domain.agents import Capacity, Demand
from joborch.domain.quotas import Limits, Overrides, Usage, effective


class HoldReason(StrEnum):
    """Why a queued job does not start now."""

    HELD = "held"
    DEPENDENCY = "dependency"
    """Jobs that it waits for have not ended."""
    NOT_BEFORE = "not_before"
    SERVICE_PAUSED = "service_paused"
    QUOTA_USER = "quota_user"
    QUOTA_SERVICE = "quota_service"
    BATCH_LIMIT = "batch_limit"
    NO_AGENT = "no_agent"
    AGENT_FULL = "agent_full"
    NEXT = "next"
    """Nothing stands in its way; it starts as soon as an agent asks for work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A queued job that is neither held nor backing off."""

    job_id: int
    service: str
    user_id: str
    priority: int
    demand: Demand = field(default_factory=Demand)
    batch_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRoom:
    """What a live agent has left."""

    agent_id: str
    services: Mapping[str, int]
    """Free slots for each service it offers."""
    free: Capacity
    labels: Mapping[str, str] = field(default_factory=dict)
    cpu_percent: float = 0
    is_asking: bool = True
    """Whether it waits for work at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that a decision depends on, read at one moment."""

    candidates: tuple[Candidate, ...]
    """For each user and service the first of their line, in the order of that line."""
    limits: Mapping[str, Limits]
    usage: Mapping[tuple[str, str], Usage]
    """By (service, user); a missing entry means nothing active."""
    active: Mapping[str, int]
    """Active jobs of each service, over all users."""
    batch_room: Mapping[int, int]
    """How many more jobs of a batch with a limit of its own may become active."""
    agents: tuple[AgentRoom, ...]
    overrides: Overrides = field(default_factory=dict)
    """What operators allow some users, in place of ``limits``."""
    paused: Collection[str] = ()
    """Services that start nothing."""

    def limits_of(self, service: str, user_id: str) -> Limits:
        """Return what holds for this user."""
        limits = self.limits.get(service, Limits())
        return effective(limits, self.overrides.get((service, user_id)))


@dataclass(frozen=True, slots=True)
class Assignment:
    """Give this job to this agent."""

    job_id: int
    agent_id: str


@dataclass(frozen=True, slots=True)
class Hold:
    """This job waits, for this reason."""

    job_id: int
    reason: HoldReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do with every candidate of a snapshot: each is in exactly one of the two."""

    assignments: tuple[Assignment, ...]
    holds: tuple[Hold, ...]


def plan(snapshot: Snapshot) -> Plan:
    """Decide for every candidate, taking the best one that is left again and again."""
    books = _Books(snapshot)
    lines = _Lines(snapshot)
    assignments: list[Assignment] = []
    holds: list[Hold] = []
    while job := lines.next():
        placed = books.place(job)
        if isinstance(placed, HoldReason):
            holds.append(Hold(job.job_id, placed))
        else:
            assignments.append(Assignment(job.job_id, placed))
        lines.put_back(job, was_assigned=not isinstance(placed, HoldReason))
    return Plan(assignments=tuple(assignments), holds=tuple(holds))


def why_waiting(job: Candidate, snapshot: Snapshot) -> HoldReason:
    """Say what stands in the way of this one job, were it the first of all lines."""
    return _reason(_Books(snapshot).place(job))


def why_they_wait(jobs: Iterable[Candidate], snapshot: Snapshot) -> dict[int, HoldReason]:
    """Say what stands in the way of each of these jobs and of the candidates, by its id.

    That is true of all of them together: who goes first takes the room there is, every agent being
    taken to ask, so that no more jobs are ``next`` than can start.
    """
    agents = tuple(replace(agent, is_asking=True) for agent in snapshot.agents)
    books, lines = _Books(replace(snapshot, agents=agents)), _Lines(snapshot)
    reasons: dict[int, HoldReason] = {}
    while job := lines.next():
        reason = reasons[job.job_id] = _reason(books.place(job))
        lines.put_back(job, was_assigned=reason is HoldReason.NEXT)
    for job in sorted(jobs, key=lambda job: (-job.priority, job.job_id)):
        if job.job_id not in reasons:
            reasons[job.job_id] = _reason(books.place(job))
    return reasons


def turns(snapshot: Snapshot) -> Iterator[Candidate]:
    """Yield the first candidate of every line, in the order in which they are decided on."""
    lines = _Lines(snapshot)
    while job := lines.next():
        yield job


def _reason(placed: str | HoldReason) -> HoldReason:
    return placed if isinstance(placed, HoldReason) else HoldReason.NEXT


class _Lines:
    """The users' lines, merged by priority, fairness and age."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._waiting: dict[tuple[str, str], deque[Candidate]] = defaultdict(deque)
        for job in snapshot.candidates:
            self._waiting[job.service, job.user_id].append(job)
        self._active = {line: used.active for line, used in snapshot.usage.items()}
        self._served = {line: _rank(used.served_at) for line, used in snapshot.usage.items()}
        self._turns = 0
        self._heap = [(self._key(line), line) for line in self._waiting]
        heapq.heapify(self._heap)

    def next(self) -> Candidate | None:
        """Take the job that is due, or None when all have been taken."""
        if not self._heap:
            return None
        _, line = heapq.heappop(self._heap)
        return self._waiting[line].popleft()

    def put_back(self, job: Candidate, *, was_assigned: bool) -> None:
        """Queue the rest of the line whose first job was just decided, at its new place."""
        line = (job.service, job.user_id)
        if was_assigned:
            self._turns += 1
            self._active[line] = self._active.get(line, 0) + 1
            self._served[line] = (1, float(self._turns))
        if self._waiting[line]:
            heapq.heappush(self._heap, (self._key(line), line))

    def _key(self, line: tuple[str, str]) -> tuple[int, int, tuple[int, float], int]:
        job = self._waiting[line][0]
        served = self._served.get(line, (0, 0.0))
        return (-job.priority, self._active.get(line, 0), served, job.job_id)


def _rank(served_at: datetime | None) -> tuple[int, float]:
    return (0, served_at.timestamp() if served_at else 0.0)


class _Books:
    """What is left of every quota and agent while a plan is being made."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._users = {line: used.active for line, used in snapshot.usage.items()}
        self._services = dict(snapshot.active)
        self._batches = dict(snapshot.batch_room)
        self._agents = [_Room(agent) for agent in snapshot.agents]

    def place(self, job: Candidate) -> str | HoldReason:
        """Book the job and return its agent's id, or why it has to wait."""
        if reason := self._quota_reason(job):
            return reason
        room = self._room_for(job)
        if isinstance(room, HoldReason):
            return room
        room.take(job)
        line = (job.service, job.user_id)
        self._users[line] = self._users.get(line, 0) + 1
        self._services[job.service] = self._services.get(job.service, 0) + 1
        if job.batch_id in self._batches:
            self._batches[job.batch_id] -= 1
        return room.agent_id

    def _quota_reason(self, job: Candidate) -> HoldReason | None:
        if job.service in self._snapshot.paused:
            return HoldReason.SERVICE_PAUSED
        # Told before any quota: it holds whatever else is freed.
        if job.batch_id is not None and self._batches.get(job.batch_id, 1) <= 0:
            return HoldReason.BATCH_LIMIT
        limits = self._snapshot.limits_of(job.service, job.user_id)
        if self._users.get((job.service, job.user_id), 0) >= limits.per_user:
            return HoldReason.QUOTA_USER
        if limits.total is not None and self._services.get(job.service, 0) >= limits.total:
            return HoldReason.QUOTA_SERVICE
        return None

    def _room_for(self, job: Candidate) -> "_Room | HoldReason":
        suitable = [room for room in self._agents if room.suits(job)]
        if not suitable:
            return HoldReason.NO_AGENT
        free = [room for room in suitable if room.fits(job)]
        if not free:
            return HoldReason.AGENT_FULL
        asking = [room for room in free if room.is_asking]
        return min(asking, key=lambda room: room.rank(job)) if asking else HoldReason.NEXT


class _Room:
    """One agent's room, shrinking as jobs are booked."""

    def __init__(self, agent: AgentRoom) -> None:
        self.agent_id = agent.agent_id
        self.is_asking = agent.is_asking
        self._services = dict(agent.services)
        self._free = agent.free
        self._labels = agent.labels
        self._cpu_percent = agent.cpu_percent

    def suits(self, job: Candidate) -> bool:
        wanted = job.demand.labels
        return job.service in self._services and all(
            self._labels.get(key) == value for key, value in wanted.items()
        )

    def fits(self, job: Candidate) -> bool:
        return self._services[job.service] >= job.demand.slots and self._free.holds(job.demand)

    def take(self, job: Candidate) -> None:
        self._services[job.service] -= job.demand.slots
        self._free = self._free.without(job.demand)

    def rank(self, job: Candidate) -> tuple[int, int, float, str]:
        free_slots = (-self._services[job.service], -self._free.slots)
        return (*free_slots, self._cpu_percent, self.agent_id)
