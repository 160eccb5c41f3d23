"""What somebody wants to be different about a job that waits, as a value."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

from joborch.domain.names import check_job_name, check_tag, shown

if TYPE_CHECKING:
    from joborch.domain.jobs import Job

T = TypeVar("T")


class Kept(Enum):
    """Says of a value that it stays as it is; None is a value like any other."""

    KEPT = "kept"


KEPT: Final = Kept.KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """New values of a waiting job; what is ``KEPT`` stays."""

    priority: int | Kept = KEPT
    """0 to 100, higher first."""
    name: str | Kept = KEPT
    tags: Mapping[str, str | None] = field(default_factory=dict)
    """Added to those there are, or in the place of those with the same key; None removes one."""
    time_limit: timedelta | Kept | None = KEPT
    """None: as much as the service allows."""
    not_before: datetime | Kept | None = KEPT
    """None: at once."""

    def mistakes(self) -> list[str]:
        """Return what is wrong with it, whatever job it is for."""
        return [*_mistakes(self)]

    def of(self, job: "Job") -> "Job":
        """Return the job as it would be."""
        tags = {**job.tags, **self.tags}
        return replace(
            job,
            priority=_or(self.priority, job.priority),
            name=_or(self.name, job.name),
            tags={key: value for key, value in tags.items() if value is not None},
            time_limit=_or(self.time_limit, job.time_limit),
            not_before=_or(self.not_before, job.not_before),
        )


def differences(old: "Job", new: "Job") -> dict[str, dict[str, object]]:
    """Return what differs, as ``{"priority": {"old": 50, "new": 80}}``, in plain values."""
    before, after = _plain(old), _plain(new)
    return {
        name: {"old": before[name], "new": after[name]}
        for name in before
        if before[name] != after[name]
    }


def _mistakes(amendment: Amendment) -> Iterator[str]:
    priority = amendment.priority
    if not isinstance(priority, Kept) and not 0 <= priority <= 100:
        yield "priority: not a whole number from 0 to 100"
    if isinstance(amendment.name, str):
        yield from _said("name", check_job_name, amendment.name)
    for key, value in amendment.tags.items():
        yield from _said(f"tag {shown(key)}", check_tag, key, value or "")


def _said(what: str, check: Callable[..., object], *words: str) -> Iterator[str]:
    try:
        check(*words)
    except ValueError as error:
        yield f"{what}: {error}"


def _plain(job: "Job") -> dict[str, object]:
    return {
        "priority": job.priority,
        "name": job.name,
        "tags": dict(job.tags),
        "time_limit_s": job.time_limit.total_seconds() if job.time_limit else None,
        "not_before": job.not_before.isoformat() if job.not_before else None,
    }


def _or(value: T | Kept, default: T) -> T:
    return default if isinstance(value, Kept) else value
