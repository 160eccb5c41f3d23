"""The columns of the dashboard's tables."""

from collections.abc import Callable
from datetime import datetime

from joborch.client.moments import brief
from joborch.domain.text import one_line
from joborch.tui.columns import Column
from joborch.tui.formatting import bar, clock, job_name, mark, running_s, short_age, spark
from joborch.tui.happenings import deed, doer
from joborch.tui.happenings import tone as event_tone
from joborch.tui.health import health, tone
from joborch.tui.look import Look
from joborch.tui.picture import Picture, counted_as
from joborch.tui.trends import MOST
from joborch.tui.whereabouts import where_or_why
from joborch.wire.agents import AgentView
from joborch.wire.events import EventView
from joborch.wire.jobs import JobView
from joborch.wire.services import ServiceView, UsageView


def job_columns(picture: Picture, look: Look) -> list[Column[JobView]]:
    """Return the columns of jobs."""
    return [
        Column(name="id", title="ID", width=7, text=lambda j: str(j.id), is_right=True),
        Column(
            name="state",
            title="ST",
            width=3,
            text=lambda j: mark(j, look.glyphs),
            tone=counted_as,
        ),
        Column(name="name", title="NAME", width=13, most=30, text=job_name),
        Column(
            name="service",
            title="SERVICE",
            width=8,
            most=14,
            text=lambda j: one_line(j.service),
            gives_way=2,
        ),
        Column(
            name="user",
            title="USER",
            width=6,
            most=12,
            text=lambda j: one_line(j.user_id),
            gives_way=3,
        ),
        Column(
            name="priority",
            title="PRI",
            width=3,
            text=lambda j: str(j.priority),
            is_right=True,
            gives_way=4,
        ),
        Column(
            name="age",
            title="AGE",
            width=4,
            text=lambda j: short_age(j.submitted_at, look.now()),
            is_right=True,
            gives_way=1,
        ),
        Column(name="run", title="RUN", width=7, text=lambda j: _ran(j, look), is_right=True),
        Column(
            name="agent",
            title="AGENT / WHY",
            width=18,
            text=lambda j: where_or_why(j, picture, look.glyphs),
        ),
    ]


def usage_columns(look: Look) -> list[Column[UsageView]]:
    """Return the columns of users' quotas."""
    return [
        Column(name="user", title="USER", width=12, most=24, text=lambda u: one_line(u.user_id)),
        Column(
            name="service", title="SERVICE", width=12, most=24, text=lambda u: one_line(u.service)
        ),
        Column(
            name="bar",
            title="QUOTA",
            width=10,
            text=lambda u: bar(u.active, u.limit, 10, look.glyphs),
            tone=_usage_tone,
        ),
        Column(
            name="active",
            title="ACTIVE",
            width=9,
            text=lambda u: f"{u.active}/{u.limit}",
            is_right=True,
        ),
        Column(name="full", title="", width=4, text=_usage_full, tone=_usage_tone),
        Column(name="queued", title="WAITING", width=9, text=lambda u: str(u.queued or "")),
    ]


def agent_columns(picture: Picture, look: Look) -> list[Column[AgentView]]:
    """Return the columns of agents."""
    return [
        Column(name="name", title="AGENT", width=12, most=24, text=lambda a: one_line(a.name)),
        Column(
            name="state",
            title="HEALTH",
            width=10,
            text=lambda a: health(a, picture, look.glyphs),
            tone=lambda a: tone(a, picture, look.glyphs),
        ),
        Column(
            name="bar",
            title="JOBS",
            width=6,
            text=lambda a: bar(a.active, a.capacity.slots, 6, look.glyphs),
            tone=lambda a: "full" if a.active >= a.capacity.slots else "running",
            gives_way=3,
        ),
        Column(
            name="active",
            title="",
            width=7,
            text=lambda a: f"{a.active}/{a.capacity.slots}",
            is_right=True,
        ),
        Column(name="cpu", title="CPU", width=4, text=_cpu, is_right=True),
        Column(
            name="trend",
            title="TREND",
            width=10,
            most=60,
            text=lambda a: spark(picture.trends.of(a.id, MOST, look.now()), 1.0, look.glyphs),
            keeps_end=True,
            gives_way=2,
        ),
        Column(name="memory", title="MEM", width=4, text=_memory, is_right=True, gives_way=4),
        Column(name="load", title="LOAD", width=5, text=_load, is_right=True, gives_way=1),
        Column(
            name="seen",
            title="SEEN",
            width=5,
            text=lambda a: short_age(a.seen_at, look.now()),
            is_right=True,
        ),
        Column(
            name="version",
            title="VERSION",
            width=8,
            text=lambda a: one_line(a.version),
            gives_way=5,
        ),
        Column(name="host", title="HOST", width=8, most=24, text=_host, gives_way=6),
        Column(name="services", title="SERVICES", width=10, text=_services),
    ]


def event_columns(
    picture: Picture, look: Look, now: Callable[[], datetime]
) -> list[Column[EventView]]:
    """Return the columns of what happened to jobs."""

    def name(event: EventView) -> str:
        job = picture.jobs.get(event.job_id)
        return job_name(job) if job else ""

    def at(event: EventView) -> str:
        return brief(event.at, now())

    return [
        Column(name="at", title="TIME", width=8, most=11, text=at),
        Column(name="job", title="JOB", width=7, text=lambda e: str(e.job_id), is_right=True),
        Column(name="name", title="NAME", width=13, most=30, text=name, gives_way=1),
        Column(name="by", title="BY", width=12, most=20, text=doer),
        Column(
            name="deed",
            title="WHAT HAPPENED",
            width=24,
            text=lambda e: deed(e, look.glyphs),
            tone=event_tone,
        ),
    ]


def service_columns(look: Look) -> list[Column[ServiceView]]:
    """Return the columns of services."""
    return [
        Column(name="name", title="SERVICE", width=12, most=24, text=lambda s: one_line(s.name)),
        Column(
            name="bar",
            title="POOL",
            width=10,
            text=lambda s: bar(s.active, _pool(s), 10, look.glyphs),
            tone=lambda s: "full" if _is_full(s) else "running",
        ),
        Column(name="active", title="ACTIVE", width=9, text=_of_pool, is_right=True),
        Column(
            name="full",
            title="",
            width=4,
            text=lambda s: "FULL" if _is_full(s) else "",
            tone=lambda _: "full",
        ),
        Column(
            name="queued", title="WAITING", width=7, text=lambda s: str(s.queued), is_right=True
        ),
        Column(name="user", title="A USER", width=6, text=lambda s: str(s.per_user), is_right=True),
        Column(
            name="agents",
            title="AGENTS",
            width=6,
            text=lambda s: str(s.agents) if s.agents else "none",
            tone=lambda s: "" if s.agents else "down",
            is_right=True,
        ),
        Column(name="slots", title="SLOTS", width=5, text=lambda s: str(s.slots), is_right=True),
        Column(name="limit", title="TIME LIMIT", width=10, text=_limit, gives_way=1),
    ]


def _ran(job: JobView, look: Look) -> str:
    seconds = running_s(job, look.now())
    return "" if seconds is None else clock(seconds)


def _usage_tone(usage: UsageView) -> str:
    return "full" if usage.active >= usage.limit else "running"


def _usage_full(usage: UsageView) -> str:
    return "FULL" if usage.active >= usage.limit else ""


def _cpu(agent: AgentView) -> str:
    return f"{agent.load.cpu_percent:.0f}%" if agent.load else ""


def _memory(agent: AgentView) -> str:
    return f"{agent.load.memory_percent:.0f}%" if agent.load else ""


def _load(agent: AgentView) -> str:
    return f"{agent.load.load_1m:.1f}" if agent.load else ""


def _host(agent: AgentView) -> str:
    return one_line(agent.host)


def _services(agent: AgentView) -> str:
    return one_line(" ".join(f"{name}:{slots}" for name, slots in agent.services.items()))


def _pool(service: ServiceView) -> int:
    """Return how many jobs of a service can be active: by its limit, or else by its agents."""
    return service.slots if service.max is None else service.max


def _is_full(service: ServiceView) -> bool:
    return service.active > 0 and service.active >= _pool(service)


def _of_pool(service: ServiceView) -> str:
    return f"{service.active}/{'-' if service.max is None else service.max}"


def _limit(service: ServiceView) -> str:
    return "" if service.time_limit_s is None else clock(service.time_limit_s)
