"""``joborch services``: what can be submitted to, how full it is, who fills it, and pauses."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from joborch.cli.bars import quota_bar, waiting
from joborch.cli.exits import UsageError
from joborch.cli.fields import fields_of
from joborch.cli.session import Session
from joborch.cli.tables import Column
from joborch.cli.times import age, iso
from joborch.client import Orchestrator
from joborch.domain.durations import format_duration
from joborch.domain.text import one_line
from joborch.wire.services import ServiceList, ServiceView, UsageView

EXAMPLES = """
joborch services
joborch services example
joborch services --json
joborch services pause example --reason 'new disks until noon'
joborch services resume example
"""
ACTIONS = ("pause", "resume")
FIELDS = (*fields_of(ServiceView), "paused_at")

Found = tuple[list[ServiceView], list[UsageView]]


def services(
    context: typer.Context,
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[pause|resume] [NAME]", help="One service, with its users."),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why it is paused.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Nothing is asked: for scripts that say it always.")
    ] = False,
) -> None:
    """Show services with their quotas and use; one of them with its users.

    A service that is paused takes jobs but starts none, until it is resumed; what runs goes on.
    Quotas are set where the server is configured, and for single users with `joborch quota set`;
    an agent may bring a service of its own.
    """
    action, name = _read(words or [])
    session = Session.of(context, fields=FIELDS if action else None)
    if reason is not None and action != "pause":
        raise UsageError("--reason is for a pause", hint="joborch services pause NAME --reason …")

    async def work(server: Orchestrator) -> Found:
        if name is None:
            return (await server.services()).items, []
        if action == "pause":
            service = await server.pause_service(name, reason, by=session.settings.user_id)
        elif action == "resume":
            service = await server.resume_service(name)
        else:
            service = await server.service(name)
        return [service], (await server.usage(service=name)).items

    _show(session, name, *session.run(work))


def _show(
    session: Session, name: str | None, found: list[ServiceView], users: list[UsageView]
) -> None:
    output = session.output
    if name is not None and not output.is_for_programs:
        for text in _detail(found[0], users, session.now):
            output.line(one_line(text))
        return
    shows_pauses = output.is_for_programs or any(one.paused for one in found)
    columns = _columns(session.now, shows_pauses=shows_pauses)
    output.table(columns, found, document=ServiceList(items=found), ids=lambda one: one.name)
    if not found:
        output.hint("no service is set up yet: joborch serve --service example")


def _read(words: list[str]) -> tuple[str | None, str | None]:
    action = words[0] if words and words[0] in ACTIONS else None
    names = words[1:] if action else words
    if action and not names:
        raise UsageError(
            f"which service is to be {action}d?", hint=f"joborch services {action} NAME"
        )
    if len(names) > 1:
        raise UsageError("one service at a time", hint=f"joborch services {words[0]}")
    return action, names[0] if names else None


def _detail(service: ServiceView, users: list[UsageView], now: datetime) -> Iterator[str]:
    at_most = _time_limit(service) or "none"
    yield f"service     {service.name}"
    if (pause := service.paused) is not None:
        why = f": {pause.reason}" if pause.reason else ""
        yield f"paused      {age(pause.at, now)} ago by {pause.by}{why}"
    yield f"running     {quota_bar(service.active, service.max)}"
    yield f"queued      {service.queued}"
    yield f"per user    {service.per_user}"
    yield f"agents      {service.agents} up, {service.slots} slots"
    yield f"time limit  {at_most}"
    yield f"known from  {_origin(service)}"
    for user in users:
        told = f"{quota_bar(user.active, user.limit)}  {waiting(user.queued)}"
        own = "  (set by an operator)" if user.override else ""
        yield f"  user {user.user_id}  {told}".rstrip() + own


def _time_limit(service: ServiceView) -> str:
    return "" if service.time_limit_s is None else format_duration(service.time_limit_s)


def _origin(service: ServiceView) -> str:
    return "the server's settings" if service.configured else "an agent"


def _columns(now: datetime, *, shows_pauses: bool) -> list[Column[ServiceView]]:
    """Return the columns; a pause is told for people only where there is one."""
    return [
        *COLUMNS,
        Column(
            name="paused_at",
            head="PAUSED",
            text=lambda s: f"{age(s.paused.at, now)} ago" if s.paused else "",
            at=lambda s: s.paused.at if s.paused else None,
            raw=lambda s: iso(s.paused.at) if s.paused else None,
            color=lambda s: "yellow" if s.paused else None,
            is_right=True,
            is_extra=not shows_pauses,
        ),
    ]


COLUMNS: list[Column[ServiceView]] = [
    Column(name="name", head="NAME", text=lambda s: s.name, raw=lambda s: s.name),
    Column(
        name="active",
        head="RUNNING",
        text=lambda s: quota_bar(s.active, s.max),
        raw=lambda s: s.active,
        color=lambda s: "yellow" if s.max is not None and s.active >= s.max else None,
    ),
    Column(
        name="max",
        head="LIMIT",
        text=lambda s: "none" if s.max is None else str(s.max),
        raw=lambda s: s.max,
        is_right=True,
        gives_way=4,
    ),
    Column(
        name="per_user",
        head="PER USER",
        text=lambda s: str(s.per_user),
        raw=lambda s: s.per_user,
        is_right=True,
        gives_way=3,
    ),
    Column(
        name="queued",
        head="QUEUED",
        text=lambda s: str(s.queued),
        raw=lambda s: s.queued,
        is_right=True,
    ),
    Column(
        name="agents",
        head="AGENTS",
        text=lambda s: str(s.agents),
        raw=lambda s: s.agents,
        color=lambda s: None if s.agents else "red",
        is_right=True,
    ),
    Column(
        name="slots",
        head="SLOTS",
        text=lambda s: str(s.slots),
        raw=lambda s: s.slots,
        is_right=True,
        gives_way=2,
    ),
    Column(
        name="time_limit_s",
        head="TIME LIMIT",
        text=_time_limit,
        raw=lambda s: s.time_limit_s,
        is_right=True,
        gives_way=1,
    ),
    Column(
        name="configured",
        head="KNOWN FROM",
        text=_origin,
        raw=lambda s: str(s.configured).lower(),
        is_extra=True,
    ),
]
