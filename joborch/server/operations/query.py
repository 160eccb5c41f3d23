"""Answer questions about jobs, services, agents and their use."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from joborch.domain.agents import Agent
from joborch.domain.errors import AgentNotFoundError, JobNotFoundError
from joborch.domain.jobs import Job
from joborch.domain.quotas import Limits, Override, Usage, effective
from joborch.domain.secrets import masked
from joborch.domain.states import JobState
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.feed import Feed
from joborch.server.live.presence import LATE_AFTER_S, Presence, Roll
from joborch.server.store import agents as stored_agents
from joborch.server.store import events, gates, jobs, listing, overrides, pauses
from joborch.server.store import usage as counters
from joborch.server.store.database import Connection, Database
from joborch.server.store.listing import JobQuery
from joborch.wire.agents import AgentList, AgentView, CapacityView, LoadView
from joborch.wire.events import EventPage, EventView
from joborch.wire.jobs import Environment, JobPage, JobView, view_of
from joborch.wire.services import (
    ServiceList,
    ServiceView,
    UsageList,
    UsageView,
    override_view,
    pause_view,
)

__all__ = ["JobQuery"]


async def find(job_id: int, *, database: Database) -> JobView:
    """Return one job.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    return await database.read(lambda c: _view(c, jobs.find(c, job_id)))


async def environment(job_id: int, *, database: Database) -> Environment:
    """Return what a job's environment was to have, as far as it may be shown.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    job = await database.read(lambda c: jobs.find(c, job_id))
    return Environment(env=masked(job.env))


async def page(query: JobQuery, *, database: Database) -> JobPage:
    """Return a page of the jobs that match; agents may be given by name or id.

    Raises:
        InvalidRequestError: unknown sort key or foreign cursor.
    """
    return await database.read(lambda c: _page(c, query))


async def history(job_id: int, *, database: Database) -> EventPage:
    """Return everything that happened to a job.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    found = await database.read(lambda c: events.of_job(c, job_id))
    if not found:
        raise JobNotFoundError(job_id)
    return EventPage(items=found)


def views_of(
    connection: Connection, found: Sequence[Job], names: Mapping[str, str]
) -> list[JobView]:
    """Show jobs to the outside; ``names`` are those of all agents, by their ids."""
    waited = gates.waited(connection, {job.gate_id for job in found})
    return [
        view_of(job, names.get(job.last_agent_id or ""), waited.get(job.gate_id)) for job in found
    ]


def with_agent_ids(connection: Connection, query: JobQuery) -> JobQuery:
    """Return a query with the ids of the agents that it gives by name or id."""
    if query.agent_ids is None:
        return query
    wanted, names = {*query.agent_ids}, stored_agents.names(connection)
    ids = tuple(agent_id for agent_id, name in names.items() if wanted & {agent_id, name})
    return replace(query, agent_ids=ids)


async def events_since(seq: int, limit: int, *, database: Database) -> list[EventView]:
    """Return up to ``limit`` events of all jobs after ``seq``."""
    return await database.read(lambda c: events.since(c, seq, limit=limit))


async def has_happened(seq: int, at: datetime, *, database: Database) -> bool:
    """Whether an event is one of this server's, or of another that was at this address before."""
    return await database.read(lambda c: events.has_happened(c, seq, at))


async def newest_event(*, database: Database) -> int:
    """Return the ``seq`` of the last thing that happened."""
    return await database.read(events.newest)


async def wait(
    job_id: int,
    until: frozenset[JobState],
    wait_s: float,
    *,
    database: Database,
    feed: Feed,
    stopping: asyncio.Event,
) -> JobView:
    """Return the job as soon as its state is one of ``until``, at the latest after ``wait_s``.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    with feed.subscribe() as subscription:
        view = await find(job_id, database=database)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while view.state not in until and not stopping.is_set():
                    happened = await subscription.next()
                    if subscription.is_behind or any(e.job_id == job_id for e in happened):
                        view = await find(job_id, database=database)
    return view


async def services(
    *, database: Database, catalog: Catalog, roll: Roll, clock: Clock
) -> ServiceList:
    """Return all services with their quotas and use."""
    totals, paused = await database.read(lambda c: (counters.totals(c), pauses.every(c)))
    live = [one.agent for one in roll.live(clock.monotonic(), LATE_AFTER_S)]
    views = []
    for name in catalog.names():
        service, used = catalog.get(name), totals.get(name)
        slots = [agent.services[name] for agent in live if name in agent.services]
        views.append(
            ServiceView(
                name=name,
                per_user=service.limits.per_user,
                max=service.limits.total,
                active=used.active if used else 0,
                queued=used.queued if used else 0,
                agents=len(slots),
                slots=sum(slots),
                time_limit_s=service.time_limit.total_seconds() if service.time_limit else None,
                configured=catalog.is_configured(name),
                paused=pause_view(paused.get(name)),
            )
        )
    return ServiceList(items=views)


async def usage(
    user: str | None, service: str | None, *, database: Database, catalog: Catalog
) -> UsageList:
    """Return what each user with work, or with a quota of their own, has of each service."""
    used, own = await database.read(lambda c: (counters.all_usage(c), overrides.every(c)))
    limits = catalog.limits()
    views = [
        _usage_view(line, used.get(line), limits.get(line[0], Limits()), own.get(line))
        for line in sorted({*used, *own})
        if service in {None, line[0]} and user in {None, line[1]}
    ]
    return UsageList(items=views)


async def usage_of(user: str, service: str, *, database: Database, catalog: Catalog) -> UsageView:
    """Return what a user has of a service, be it nothing."""
    line = (service, user)
    used, override = await database.read(
        lambda c: (counters.all_usage(c).get(line), overrides.find(c, service, user))
    )
    return _usage_view(line, used, catalog.get(service).limits, override)


async def agents(*, database: Database, catalog: Catalog, roll: Roll, clock: Clock) -> AgentList:
    """Return all agents that ever enrolled, and were not removed, with how they are now."""
    every, held = await database.read(lambda c: (stored_agents.every(c), jobs.held(c)))
    works: dict[str, list[str]] = {agent.id: [] for agent in every}
    for agent_id, service, *_ in held:
        works.setdefault(agent_id, []).append(service)
    patience = {name: catalog.get(name).lost_after.total_seconds() for name in catalog.names()}
    views = []
    for agent in every:
        present, services = roll.get(agent.id), works[agent.id]
        lost_after = min((patience.get(name, 900.0) for name in agent.services), default=900.0)
        view = _agent_view(agent, len(services), present, lost_after, clock)
        if present and services and view.state in {"late", "down"}:
            # What rescue goes by.
            shortest_s = min(patience.get(name, 900.0) for name in services)
            left_s = shortest_s - (clock.monotonic() - present.seen)
            view.requeue_at = clock.now() + timedelta(seconds=left_s)
        views.append(view)
    return AgentList(items=views)


async def agent(
    name: str, *, database: Database, catalog: Catalog, roll: Roll, clock: Clock
) -> AgentView:
    """Return the agent of this id or name; of several of that name the one seen last.

    Raises:
        AgentNotFoundError: there is none.
    """
    every = await agents(database=database, catalog=catalog, roll=roll, clock=clock)
    found = [view for view in every.items if name in {view.id, view.name}]
    if not found:
        raise AgentNotFoundError(name)
    return max(found, key=lambda view: view.seen_at)


def _usage_view(
    line: tuple[str, str], used: Usage | None, limits: Limits, override: Override | None
) -> UsageView:
    service, user_id = line
    return UsageView(
        user_id=user_id,
        service=service,
        active=used.active if used else 0,
        queued=used.queued if used else 0,
        limit=effective(limits, override).per_user,
        queued_limit=override.queued if override else None,
        override=override_view(override),
    )


def _page(connection: Connection, query: JobQuery) -> JobPage:
    names = stored_agents.names(connection)
    found, total, following = listing.page(connection, with_agent_ids(connection, query))
    items = views_of(connection, found, names)
    return JobPage(items=items, total=total, next=following)


def _view(connection: Connection, job: Job) -> JobView:
    name = None
    if job.last_agent_id is not None:
        name = stored_agents.name_of(connection, job.last_agent_id)
    return view_of(job, name, gates.waited(connection, {job.gate_id}).get(job.gate_id))


def _agent_view(
    agent: Agent, active: int, present: Presence | None, lost_after_s: float, clock: Clock
) -> AgentView:
    said = agent.capacity
    load = present.load if present else None
    state, seen_at = "down", agent.seen_at
    if present is not None and present.incarnation:
        silent_s = 0.0 if present.asking else clock.monotonic() - present.seen
        seen_at = clock.now() - timedelta(seconds=silent_s)
        state = _state(present, silent_s, lost_after_s, active)
    return AgentView(
        id=agent.id,
        name=agent.name,
        host=agent.host,
        version=agent.version,
        state=state,
        services=dict(agent.services),
        capacity=CapacityView(
            slots=said.slots, cpus=said.cpus, memory_bytes=said.memory_bytes, gpus=said.gpus
        ),
        active=active,
        labels=dict(agent.labels),
        load=LoadView(
            cpu_percent=load.cpu_percent,
            memory_percent=load.memory_percent,
            load_1m=load.load_1m,
        )
        if load
        else None,
        enrolled_at=agent.enrolled_at,
        seen_at=seen_at,
    )


def _state(present: Presence, silent_s: float, lost_after_s: float, active: int) -> str:
    if silent_s >= lost_after_s:
        return "down"
    if silent_s >= LATE_AFTER_S:
        has_left = present.is_draining and not active
        return "down" if has_left else "late"
    return "up" if present.takes_jobs else "draining"
