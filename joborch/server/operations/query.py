"""Answer questions about jobs, services, agents and their use."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from joborch.domain.agents import Agent
from joborch.domain.errors import AgentNotFoundError, JobNotFoundError
from joborch.domain.jobs import Job
from joborch.domain.quotas import Limits
from joborch.domain.states import JobState
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.feed import Feed
from joborch.server.live.presence import LATE_AFTER_S, Presence, Roll
from joborch.server.store import agents as stored_agents
from joborch.server.store import events, jobs, listing
from joborch.server.store import usage as counters
from joborch.server.store.database import Connection, Database
from joborch.server.store.listing import JobQuery
from joborch.wire.agents import AgentList, AgentView, CapacityView, LoadView
from joborch.wire.events import EventPage, EventView
from joborch.wire.jobs import JobPage, JobView, view_of
from joborch.wire.services import ServiceList, ServiceView, UsageList, UsageView

__all__ = ["JobQuery"]


async def find(job_id: int, *, database: Database) -> JobView:
    """Return one job.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    return await database.read(lambda c: _view(c, jobs.find(c, job_id)))


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


def with_agent_ids(connection: Connection, query: JobQuery) -> JobQuery:
    """Return a query with the ids of the agents that it gives by name or id."""
    if query.agent_ids is None:
        return query
    wanted, every = {*query.agent_ids}, stored_agents.every(connection)
    ids = tuple(agent.id for agent in every if wanted & {agent.id, agent.name})
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
    totals = await database.read(counters.totals)
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
            )
        )
    return ServiceList(items=views)


async def usage(
    user: str | None, service: str | None, *, database: Database, catalog: Catalog
) -> UsageList:
    """Return what each user with work has of each service."""
    found = await database.read(counters.all_usage)
    limits = catalog.limits()
    views = [
        UsageView(
            user_id=used.user_id,
            service=used.service,
            active=used.active,
            queued=used.queued,
            limit=limits.get(used.service, Limits()).per_user,
        )
        for used in found.values()
        if user in {None, used.user_id} and service in {None, used.service}
    ]
    return UsageList(items=sorted(views, key=lambda view: (view.service, view.user_id)))


async def agents(*, database: Database, catalog: Catalog, roll: Roll, clock: Clock) -> AgentList:
    """Return all agents that ever enrolled, with how they are now."""
    every, held = await database.read(lambda c: (stored_agents.every(c), jobs.held(c)))
    active = {agent.id: 0 for agent in every}
    for agent_id, *_ in held:
        active[agent_id] = active.get(agent_id, 0) + 1
    patience = {name: catalog.get(name).lost_after.total_seconds() for name in catalog.names()}
    views = []
    for agent in every:
        lost_after = min((patience.get(name, 900.0) for name in agent.services), default=900.0)
        views.append(_agent_view(agent, active[agent.id], roll.get(agent.id), lost_after, clock))
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


def _page(connection: Connection, query: JobQuery) -> JobPage:
    names = {agent.id: agent.name for agent in stored_agents.every(connection)}
    found, total, following = listing.page(connection, with_agent_ids(connection, query))
    items = [view_of(job, names.get(job.last_agent_id or "")) for job in found]
    return JobPage(items=items, total=total, next=following)


def _view(connection: Connection, job: Job) -> JobView:
    name = None
    if job.last_agent_id is not None:
        name = stored_agents.find(connection, job.last_agent_id)[0].name
    return view_of(job, name)


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
