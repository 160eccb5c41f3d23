"""``joborch quota``: how much of each service a user has, and how much there is."""

from typing import Annotated

import typer

from joborch.cli.bars import quota_bar, waiting
from joborch.cli.exits import UsageError
from joborch.cli.session import Session
from joborch.cli.tables import Column
from joborch.client import Orchestrator
from joborch.wire.services import ServiceView, UsageList, UsageView

EXAMPLES = """
joborch quota
joborch quota alice
joborch quota --all-users --json
"""
HOW_TO_SET = "joborch serve --service NAME:per_user=5,max=10"
WHOSE = f"Whose; without it, yours. Quotas are set in the server's configuration: {HOW_TO_SET}."


def quota(
    context: typer.Context,
    *,
    words: Annotated[list[str] | None, typer.Argument(metavar="[USER]", help=WHOSE)] = None,
    all_users: Annotated[
        bool, typer.Option("-A", "--all-users", help="Everybody who has work.")
    ] = False,
) -> None:
    """Show how much of each service you, another user, or everybody has in use.

    A job counts from the moment an agent has it until its end; what is over the quota waits.

    Quotas are not set from here but in the server's configuration: the same for every user of a
    service.
    """
    session = Session.of(context)
    user = _user(words or [], session.settings.user_id)
    if all_users and words:
        raise UsageError(f"it is either everybody or {user}", hint="leave one of them out")

    async def work(server: Orchestrator) -> list[UsageView]:
        if all_users:
            return (await server.usage()).items
        used = (await server.usage(user=user)).items
        return _of_each((await server.services()).items, used, user)

    found = session.run(work)
    session.output.table(
        _columns(shows_limit=session.output.is_for_programs),
        found,
        document=UsageList(schema="joborch.quota/1", items=found),
        ids=lambda one: one.service,
    )
    if not found:
        session.output.hint("nobody has any work here" if all_users else "there are no services")


def _user(words: list[str], me: str) -> str:
    if words and words[0] == "set":
        raise UsageError("quotas are set in the server's configuration", hint=HOW_TO_SET)
    if len(words) > 1:
        raise UsageError("one user at a time", hint="or all: joborch quota --all-users")
    return me if not words or words[0] == "me" else words[0]


def _of_each(services: list[ServiceView], used: list[UsageView], user: str) -> list[UsageView]:
    """Return a user's part of every service, of those without work too."""
    known = {one.service: one for one in used}
    idle = [
        UsageView(user_id=user, service=one.name, active=0, queued=0, limit=one.per_user)
        for one in services
        if one.name not in known
    ]
    return sorted([*used, *idle], key=lambda one: one.service)


def _columns(*, shows_limit: bool) -> list[Column[UsageView]]:
    return [
        Column(name="user_id", head="USER", text=lambda u: u.user_id, raw=lambda u: u.user_id),
        Column(name="service", head="SERVICE", text=lambda u: u.service, raw=lambda u: u.service),
        Column(
            name="active",
            head="IN USE",
            text=lambda u: quota_bar(u.active, u.limit),
            raw=lambda u: u.active,
            color=lambda u: "yellow" if u.active >= u.limit else None,
        ),
        Column(
            name="limit",
            head="LIMIT",
            text=lambda u: str(u.limit),
            raw=lambda u: u.limit,
            is_extra=not shows_limit,
        ),
        Column(
            name="queued",
            head="WAITING",
            text=lambda u: waiting(u.queued),
            raw=lambda u: u.queued,
            is_right=True,
        ),
    ]
