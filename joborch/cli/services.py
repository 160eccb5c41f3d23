"""``joborch services``: what can be submitted to, how full it is, and who fills it."""

from collections.abc import Iterator
from typing import Annotated

import typer

from joborch.cli.bars import quota_bar, waiting
from joborch.cli.session import Session
from joborch.cli.tables import Column
from joborch.client import Orchestrator
from joborch.domain.durations import format_duration
from joborch.domain.text import one_line
from joborch.wire.services import ServiceList, ServiceView, UsageView

EXAMPLES = """
joborch services
joborch services example
joborch services --json
"""

Found = tuple[list[ServiceView], list[UsageView]]


def services(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One service, with its users.")
    ] = None,
) -> None:
    """Show services with their quotas and use; one of them with its users.

    Quotas are set where the server is configured; an agent may bring a service of its own.
    """
    session = Session.of(context)

    async def work(server: Orchestrator) -> Found:
        if name is None:
            return (await server.services()).items, []
        service = await server.service(name)
        return [service], (await server.usage(service=name)).items

    found, users = session.run(work)
    output = session.output
    if name is not None and not output.is_for_programs:
        for text in _detail(found[0], users):
            output.line(one_line(text))
        return
    output.table(COLUMNS, found, document=ServiceList(items=found), ids=lambda one: one.name)
    if not found:
        output.hint("no service is set up yet: joborch serve --service example")


def _detail(service: ServiceView, users: list[UsageView]) -> Iterator[str]:
    at_most = _time_limit(service) or "none"
    yield f"service     {service.name}"
    yield f"running     {quota_bar(service.active, service.max)}"
    yield f"queued      {service.queued}"
    yield f"per user    {service.per_user}"
    yield f"agents      {service.agents} up, {service.slots} slots"
    yield f"time limit  {at_most}"
    yield f"known from  {_origin(service)}"
    for user in users:
        told = f"{quota_bar(user.active, user.limit)}  {waiting(user.queued)}"
        yield f"  user {user.user_id}  {told}".rstrip()


def _time_limit(service: ServiceView) -> str:
    return "" if service.time_limit_s is None else format_duration(service.time_limit_s)


def _origin(service: ServiceView) -> str:
    return "the server's settings" if service.configured else "an agent"


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
