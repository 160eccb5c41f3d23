"""``joborch quota``: how much of each service a user has, how much there is, and to set it."""

from typing import Annotated

import typer

from joborch.cli.bars import quota_bar, waiting
from joborch.cli.exits import UsageError
from joborch.cli.fields import fields_of
from joborch.cli.session import Session
from joborch.cli.tables import Column
from joborch.client import Orchestrator
from joborch.wire.services import ServiceView, UsageList, UsageView

EXAMPLES = """
joborch quota
joborch quota alice
joborch quota --all-users --json
joborch quota set alice example running=10 queued=1000
joborch quota set alice example running=default queued=default
"""
HOW_TO_SET = "joborch quota set USER SERVICE running=5 queued=1000"
WHOSE = "Whose; without it, yours. After set: whose, of what, running= and queued=."
TAKEN_BACK = "default"
FIELDS = (*fields_of(UsageView), "set_by")
NAMES = 2
"""What is named when a quota is set: a user and a service."""


def quota(
    context: typer.Context,
    *,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[set] [USER] ...", help=WHOSE)
    ] = None,
    all_users: Annotated[
        bool, typer.Option("-A", "--all-users", help="Everybody who has work, or an own quota.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Nothing is asked: for scripts that say it always.")
    ] = False,
) -> None:
    """Show how much of each service you, another user, or everybody has in use.

    A job counts from the moment an agent has it until its end; what is over the quota waits.

    The server's configuration has a quota for all users of a service. `quota set` gives one of
    them another: running= is how many jobs may be active at once, queued= how many may wait before
    submissions are refused; `default` takes either back. It ends no job that runs.
    """
    verb, *rest = words or [""]
    session = Session.of(context, fields=FIELDS if verb == "set" else None)
    if verb == "set":
        if all_users:
            raise UsageError("a quota is set for one user", hint=HOW_TO_SET)
        _show(session, [_set(session, rest)])
        return
    user = _user(words or [], session.settings.user_id)
    if all_users and words:
        raise UsageError(f"it is either everybody or {user}", hint="leave one of them out")

    async def work(server: Orchestrator) -> list[UsageView]:
        if all_users:
            return (await server.usage()).items
        used = (await server.usage(user=user)).items
        return _of_each((await server.services()).items, used, user)

    found = session.run(work)
    _show(session, found)
    if not found:
        session.output.hint("nobody has any work here" if all_users else "there are no services")


def _show(session: Session, found: list[UsageView]) -> None:
    session.output.table(
        _columns(found, is_for_programs=session.output.is_for_programs),
        found,
        document=UsageList(schema="joborch.quota/1", items=found),
        ids=lambda one: one.service,
    )


def _set(session: Session, words: list[str]) -> UsageView:
    """Set a quota as the words say, and return what holds then."""
    names = [word for word in words if "=" not in word]
    if len(names) != NAMES:
        raise UsageError("a quota is set for one user of one service", hint=HOW_TO_SET)
    user, service = names
    wanted = _read_quota([word.partition("=")[::2] for word in words if "=" in word])
    by = session.settings.user_id
    user = by if user == "me" else user
    return session.run(lambda server: server.set_quota(user, service, by=by, **wanted))


def _read_quota(given: list[tuple[str, str]]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    if not given:
        raise UsageError("what is it to be?", hint=HOW_TO_SET)
    for key, value in given:
        if key not in {"running", "queued"}:
            raise UsageError(f"there is no {key!r} in a quota", hint=HOW_TO_SET)
        if key in found:
            raise UsageError(f"{key} is there twice")
        is_number = value.isascii() and value.isdigit()
        if not is_number and value != TAKEN_BACK:
            raise UsageError(f"{key}={value!r} is neither a whole number nor {TAKEN_BACK!r}")
        found[key] = int(value) if is_number else None
    return found


def _user(words: list[str], me: str) -> str:
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


def _waiting(use: UsageView) -> str:
    if use.queued_limit is None:
        return waiting(use.queued)
    return f"{use.queued} of {use.queued_limit}"


def _columns(found: list[UsageView], *, is_for_programs: bool) -> list[Column[UsageView]]:
    shows_setters = is_for_programs or any(one.override for one in found)
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
            is_extra=not is_for_programs,
        ),
        Column(
            name="queued",
            head="WAITING",
            text=_waiting,
            raw=lambda u: u.queued,
            is_right=True,
        ),
        Column(
            name="queued_limit",
            head="MAY WAIT",
            text=lambda u: "" if u.queued_limit is None else str(u.queued_limit),
            raw=lambda u: u.queued_limit,
            is_right=True,
            is_extra=not is_for_programs,
        ),
        Column(
            name="set_by",
            head="SET BY",
            text=lambda u: u.override.by if u.override else "",
            raw=lambda u: u.override.by if u.override else None,
            is_extra=not shows_setters,
        ),
    ]
