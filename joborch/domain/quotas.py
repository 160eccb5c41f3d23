"""How much of a service one user, and all users together, may use at a time."""

from dataclasses import dataclass
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
