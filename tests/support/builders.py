"""Things tests begin with, one function a noun, with sensible defaults."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from joborch.domain.agents import Capacity, Demand
from joborch.domain.jobs import Job
from joborch.domain.quotas import Limits, Usage
from joborch.domain.scheduling import AgentRoom, Candidate, Snapshot
from joborch.domain.states import JobState
from joborch.process.clock import Clock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class FrozenClock(Clock):
    """A clock that moves only when told to, all its hands together."""

    def __init__(self, at: datetime = NOON) -> None:
        self._now = at
        self._seconds = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    def boottime(self) -> float:
        return self._seconds

    def advance(self, **by: float) -> None:
        step = timedelta(**by)
        self._now += step
        self._seconds += step.total_seconds()

    def jump(self, **by: float) -> None:
        """Change the wall clock only, as an administrator or a time server does."""
        self._now += timedelta(**by)


def a_job(**but: Any) -> Job:
    facts: dict[str, Any] = {
        "id": 7,
        "user_id": "ann",
        "service": "example",
        "name": "hello",
        "state": JobState.QUEUED,
        "payload_id": "p1",
        "submitted_at": NOON,
    }
    return Job(**facts | but)


def a_candidate(
    job_id: int,
    *,
    user_id: str = "ann",
    priority: int = 50,
    demand: Demand | None = None,
    batch_id: int | None = None,
) -> Candidate:
    return Candidate(
        job_id=job_id,
        service="example",
        user_id=user_id,
        priority=priority,
        demand=demand or Demand(),
        batch_id=batch_id,
    )


def an_agent_room(
    agent_id: str = "compute-1",
    *,
    service: str = "example",
    slots: int = 4,
    cpu_percent: float = 0,
    labels: Mapping[str, str] | None = None,
    is_asking: bool = True,
) -> AgentRoom:
    return AgentRoom(
        agent_id=agent_id,
        services={service: slots},
        free=Capacity(slots=slots),
        labels=labels or {},
        cpu_percent=cpu_percent,
        is_asking=is_asking,
    )


def a_snapshot(
    candidates: tuple[Candidate, ...],
    *,
    limits: Limits | None = None,
    usage: tuple[Usage, ...] = (),
    active: Mapping[str, int] | None = None,
    batch_room: Mapping[int, int] | None = None,
    agents: tuple[AgentRoom, ...] | None = None,
) -> Snapshot:
    return Snapshot(
        candidates=candidates,
        limits={"example": limits or Limits()},
        usage={(used.service, used.user_id): used for used in usage},
        active=active or {},
        batch_room=batch_room or {},
        agents=(an_agent_room(),) if agents is None else agents,
    )
