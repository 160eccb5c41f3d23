"""What the scheduler needs to know, read in one go.

The cost depends on how many users wait and how much room there is, never on the queue's length:
for each user and service that has work, the index gives the first few of the line.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    exists,
    func,
    select,
)

from joborch.domain.agents import Agent, Capacity, Demand
from joborch.domain.quotas import Limits
from joborch.domain.scheduling import AgentRoom, Candidate, Snapshot
from joborch.server.store import jobs, overrides, pauses, usage
from joborch.server.store.tables import (
    BATCHES,
    EVERYBODY,
    HAS_QUEUED,
    JOBS,
    USAGE,
    is_queued,
    stands_in_line,
)

SPARE = 8
"""Candidates of a line beyond the room there is, for those that some demand holds back."""


def snapshot(
    connection: Connection,
    *,
    limits: Mapping[str, Limits],
    agents: Mapping[str, tuple[Agent, float, bool]],
    now: datetime,
) -> Snapshot:
    """Read a snapshot; ``agents`` are the live ones with their CPU load and whether they ask."""
    rooms = agent_rooms(connection, agents)
    most = sum(max(room.free.slots, 0) for room in rooms) + SPARE
    waiting = candidates(connection, limits=limits, most=most, now=now)
    return Snapshot(
        candidates=waiting,
        limits=limits,
        usage=usage.all_usage(connection),
        active={service: used.active for service, used in usage.totals(connection).items()},
        batch_room=batch_room(connection, {job.batch_id for job in waiting}),
        agents=rooms,
        overrides=overrides.every(connection),
        paused=pauses.every(connection).keys(),
    )


def agent_rooms(
    connection: Connection, agents: Mapping[str, tuple[Agent, float, bool]]
) -> tuple[AgentRoom, ...]:
    """Return what each agent has left, by subtracting the jobs that it holds."""
    taken: dict[str, list[tuple[str, Demand]]] = {agent_id: [] for agent_id in agents}
    for agent_id, service, _, demand in jobs.held(connection):
        if agent_id in taken:
            taken[agent_id].append((service, Demand(**demand)))
    return tuple(
        _room(agent, taken[agent.id], cpu_percent, is_asking)
        for agent, cpu_percent, is_asking in agents.values()
    )


def candidates(
    connection: Connection, *, limits: Mapping[str, Limits], most: int, now: datetime
) -> tuple[Candidate, ...]:
    """Return the first ``most`` jobs of each line that may start, in the order of the line."""
    found = [
        _candidate(row)
        for service, bounds in limits.items()
        for row in connection.execute(candidates_of(service, bounds, most=most, now=now))
    ]
    return tuple(sorted(found, key=lambda job: (-job.priority, job.job_id)))


def candidates_of(service: str, bounds: Limits, *, most: int, now: datetime) -> Select[Any]:
    """Return the statement behind :func:`candidates`, for one service."""
    return (
        select(
            JOBS.c.id,
            JOBS.c.service,
            JOBS.c.user_id,
            JOBS.c.priority,
            JOBS.c.demand,
            JOBS.c.batch_id,
        )
        .select_from(USAGE)
        .join(JOBS, JOBS.c.id.in_(_line(most, now).correlate(USAGE)))
        .where(
            USAGE.c.service == service,
            HAS_QUEUED,
            USAGE.c.user_id != EVERYBODY,
            USAGE.c.active < overrides.most_active(USAGE, bounds.per_user),
        )
    )


def heads(connection: Connection, now: datetime) -> tuple[Candidate, ...]:
    """Return the first of each line, also of users who may start nothing now."""
    first = (
        select(JOBS.c.id, JOBS.c.service, JOBS.c.user_id, JOBS.c.priority)
        .add_columns(JOBS.c.demand, JOBS.c.batch_id)
        .select_from(USAGE)
        .join(JOBS, JOBS.c.id.in_(_line(1, now).correlate(USAGE)))
        .where(HAS_QUEUED, USAGE.c.user_id != EVERYBODY)
    )
    return tuple(_candidate(row) for row in connection.execute(first))


def next_moment(connection: Connection, now: datetime) -> datetime | None:
    """Return when the next job that waits for a time may start."""
    query = select(func.min(JOBS.c.not_before)).where(is_queued(JOBS), JOBS.c.not_before > now)
    return connection.execute(query).scalar()


def batch_room(connection: Connection, batches: set[int | None]) -> dict[int, int]:
    """Return how many more jobs may be active of each of these batches that limits them."""
    query = select(BATCHES.c.id, BATCHES.c.at_once - BATCHES.c.active).where(
        BATCHES.c.at_once.is_not(None), BATCHES.c.id.in_(batches - {None})
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _line(most: int, now: datetime) -> Any:
    waiting = JOBS.alias("waiting")
    batch_is_full = exists().where(
        BATCHES.c.id == waiting.c.batch_id, BATCHES.c.active >= BATCHES.c.at_once
    )
    return (
        select(waiting.c.id)
        .where(
            and_(
                waiting.c.service == USAGE.c.service,
                waiting.c.user_id == USAGE.c.user_id,
                is_queued(waiting),
                stands_in_line(waiting, now),
                ~batch_is_full,
            )
        )
        .order_by(waiting.c.priority.desc(), waiting.c.id)
        .limit(most)
    )


def _candidate(row: Any) -> Candidate:
    return Candidate(
        job_id=row.id,
        service=row.service,
        user_id=row.user_id,
        priority=row.priority,
        demand=Demand(**row.demand),
        batch_id=row.batch_id,
    )


def _room(
    agent: Agent, taken: list[tuple[str, Demand]], cpu_percent: float, is_asking: bool
) -> AgentRoom:
    services = dict(agent.services)
    free: Capacity = agent.capacity
    for service, demand in taken:
        free = free.without(demand)
        if service in services:
            services[service] -= demand.slots
    return AgentRoom(
        agent_id=agent.id,
        services=services,
        free=free,
        labels=agent.labels,
        cpu_percent=cpu_percent,
        is_asking=is_asking,
    )
