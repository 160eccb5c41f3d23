"""How much of a service one user, and all users together, may use at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

DEFAULT_PER_USER = 5
"""The original's default of ``SERVICE_<NAME>_RUNS_PER_USER``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The quota of one service. A job counts from its assignment to its end or requeue."""

    per_user: int = DEFAULT_PER_USER
    total: int | None = None
    """Over all users; None is unlimited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one user has of one service right now."""

    service: str
    user_id: str
    active: int
    queued: int
    served_at: datetime | None = None
    """When a job of theirs was last assigned; the longest ago is served first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What an operator allows one user of one service, in place of what is configured."""

    service: str
    user_id: str
    running: int | None
    """How many jobs may be active at once; None: as many as are configured."""
    queued: int | None
    """How many may wait when another is submitted; None: any number."""
    at: datetime
    actor: str


Overrides = Mapping[tuple[str, str], Override]
"""By service and user."""


def effective(limits: Limits, override: Override | None) -> Limits:
    """Return what holds for a user: the service's limits, unless an operator set others."""
    if override is None or override.running is None:
        return limits
    return replace(limits, per_user=override.running)
