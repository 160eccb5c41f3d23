"""What may be asked of jobs that are there already, of one or of many at once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from joborch.domain.amendments import KEPT, Amendment
from joborch.domain.errors import InvalidRequestError, JoborchError

MOST_IDS = 1000
"""So many jobs may one request be about."""
LONGEST_S = 10 * 365 * 86400.0


class JobChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """New values of a job that waits; what is not named stays."""

    priority: int | UnsetType = UNSET
    """0 to 100, higher first."""
    name: str | UnsetType = UNSET
    tags: dict[str, str | None] | UnsetType = UNSET
    """Added to those there are, or in the place of those with the same key; null removes one."""
    time_limit_s: float | UnsetType | None = UNSET
    """Null: as much as the service allows."""
    not_before: datetime | UnsetType | None = UNSET
    """Null: at once."""


class RetryRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The optional body of a retry."""

    completed: bool = False
    """True: also if the job completed."""
    priority: int | None = None
    """Of the new job; null: as before."""


class CancelJobs(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="cancel"
):
    """End jobs."""

    ids: list[int]
    reason: str | None = None
    grace_s: float | None = None
    """Between SIGTERM and SIGKILL; 0 kills at once. Default: the agent's."""


class HoldJobs(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="hold"
):
    """Keep waiting jobs from starting."""

    ids: list[int]


class ReleaseJobs(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="release"
):
    """Let held jobs go."""

    ids: list[int]


class SetJobs(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="set"
):
    """Give waiting jobs new values."""

    ids: list[int]
    changes: JobChanges


class RetryJobs(
    msgspec.Struct,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,  # a server of before takes what it knows
    tag_field="action",
    tag="retry",
):
    """Submit jobs that have ended again, each as a new job."""

    ids: list[int]
    completed: bool = False
    """True: also those that completed."""
    priority: int | None = None
    """Of the new jobs; null: as before."""
    again: bool = True
    """False: those that were retried before are refused."""


JobAction = CancelJobs | HoldJobs | ReleaseJobs | SetJobs | RetryJobs


class ActionError(msgspec.Struct, kw_only=True):
    """Why an action was refused for one of the jobs."""

    code: str
    """Stable across versions, for programs."""
    message: str
    hint: str | None = None


class ActionResult(msgspec.Struct, kw_only=True):
    """What became of one of the jobs."""

    id: int
    ok: bool
    state: str | None
    """Of this job, after the action; null if there is no such job."""
    new_id: int | None = None
    """Of a retry: the new job."""
    error: ActionError | None = None


class ActionResults(msgspec.Struct, kw_only=True):
    """A result for each job, in the order in which they were named."""

    schema: str = "joborch.actions/1"
    action: str
    results: list[ActionResult]


def name_of(action: JobAction) -> str:
    """Return what an action is called on the wire."""
    return str(action.__struct_config__.tag)


def about(action: JobAction, ids: list[int]) -> JobAction:
    """Return the same action about other jobs."""
    return msgspec.structs.replace(action, ids=ids)


def action_error(error: JoborchError) -> ActionError:
    """Show an error as part of a result."""
    return ActionError(code=error.code, message=error.message, hint=error.hint)


def amendment_of(changes: JobChanges) -> Amendment:
    """Read an amendment, checked.

    Raises:
        InvalidRequestError: naming every mistake; or that it changes nothing.
    """
    limit, moment = changes.time_limit_s, changes.not_before
    unreadable = [*_unreadable(changes)]
    amendment = Amendment(
        priority=_read(changes.priority), name=_read(changes.name), tags=_read(changes.tags, {})
    )
    if mistakes := [*unreadable, *amendment.mistakes()]:
        raise InvalidRequestError(*mistakes)
    amendment = replace(
        amendment,
        time_limit=timedelta(seconds=limit) if isinstance(limit, float | int) else _read(limit),
        not_before=moment.astimezone(UTC) if isinstance(moment, datetime) else _read(moment),
    )
    if amendment == Amendment():
        raise InvalidRequestError("nothing is to be changed")
    return amendment


def _unreadable(changes: JobChanges) -> Iterator[str]:
    limit, moment = changes.time_limit_s, changes.not_before
    if isinstance(limit, float | int) and not 0 < limit <= LONGEST_S:
        yield f"time_limit_s: not above 0 and up to {LONGEST_S:.0f}"
    if isinstance(moment, datetime) and not _has_zone(moment):
        yield "not_before: not a time like 2026-01-31T12:00:00Z"


def _has_zone(moment: datetime) -> bool:
    try:
        return moment.tzinfo is not None and bool(moment.astimezone(UTC))
    except OverflowError:
        return False


def _read(value: Any, default: Any = KEPT) -> Any:
    return default if isinstance(value, UnsetType) else value
