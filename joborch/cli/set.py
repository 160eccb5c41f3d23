"""``joborch set``: change what was asked for of jobs that wait."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from joborch.cli.acting import (
    RESULT_FIELDS,
    Choice,
    Deed,
    DryRun,
    Expect,
    Only,
    Yes,
    carry_out,
    leave,
)
from joborch.cli.exits import UsageError
from joborch.cli.filtering import Where
from joborch.cli.session import Session, duration
from joborch.cli.times import parse_moment
from joborch.domain.errors import InvalidRequestError
from joborch.wire.actions import JobChanges, SetJobs, amendment_of

EXAMPLES = """
joborch set 42 priority=80
joborch set b-31 time_limit=2h tag.run=night --yes
joborch set 42 begin=now+1h name=later tag.run=
"""
HINT = "use priority= name= tag.KEY= time_limit= begin="
TAG = "tag."


def set_values(
    context: typer.Context,
    *,
    words: Annotated[list[str], typer.Argument(metavar="[SELECTOR]... KEY=VALUE...")],
    where: Where = None,
    only: Only = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    expect: Expect = None,
) -> None:
    """Change jobs that wait: priority, name, tag.KEY, time_limit, begin.

    An empty value removes a tag, leaves the time limit to the service, and lets a job begin now.
    """
    session = Session.of(context, fields=RESULT_FIELDS)
    selectors = [word for word in words if "=" not in word]
    action = SetJobs(ids=[], changes=read_changes(words, now=session.now))
    if not selectors and where is None:
        raise UsageError("which jobs?", hint="joborch set 42 priority=80")
    choice = Choice(
        selectors=selectors,
        where=where,
        only=only,
        is_dry=dry_run,
        is_yes=yes,
        expected=expect,
    )
    leave(carry_out(session, choice, Deed(verb="Change", action=action, told=lambda _: "changed")))


def read_changes(words: Sequence[str], *, now: datetime) -> JobChanges:
    """Read those of the words that are ``KEY=VALUE``.

    Raises:
        UsageError: naming what is wrong with them, or that there are none.
    """
    given = [word.partition("=")[::2] for word in words if "=" in word]
    values: dict[str, Any] = {}
    tags: dict[str, str | None] = {}
    keys = [key for key, _ in given]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise UsageError(f"{twice[0]} is there twice")
    for key, value in given:
        if key.startswith(TAG):
            tags[key.removeprefix(TAG)] = value or None
        else:
            values |= _read(key, value, now)
    if not given:
        raise UsageError("what is to be changed?", hint=HINT)
    if tags:
        values["tags"] = tags
    changes = JobChanges(**values)
    try:
        amendment_of(changes)
    except InvalidRequestError as error:
        raise UsageError(*error.mistakes) from error
    return changes


def _read(key: str, value: str, now: datetime) -> dict[str, Any]:
    match key:
        case "name":
            return {"name": value}
        case "priority":
            return {"priority": int(value) if value.isascii() and value.isdigit() else -1}
        case "time_limit":
            limit = duration(value or None, "time_limit")
            return {"time_limit_s": limit.total_seconds() if limit is not None else None}
        case "begin":
            return {"not_before": _moment(value, now)}
        case _:
            raise UsageError(f"there is no {key!r} to be changed", hint=HINT)


def _moment(text: str, now: datetime) -> datetime | None:
    try:
        return parse_moment(text, now=now, ago=False) if text else None
    except ValueError as error:
        raise UsageError(f"begin: {error}") from error
