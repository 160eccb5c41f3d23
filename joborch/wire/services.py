"""Services, their use by users, and the server itself, on the wire."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

if TYPE_CHECKING:
    from joborch.domain.quotas import Override
    from joborch.domain.services import Pause


class PauseView(msgspec.Struct, kw_only=True):
    """Since when a service starts no job, and whose doing it is."""

    at: datetime
    by: str
    """Who paused it, as they said; ``api`` if they said nothing."""
    reason: str | None = None


def pause_view(pause: "Pause | None") -> PauseView | None:
    """Show a pause, if there is one, to the outside."""
    return None if pause is None else PauseView(at=pause.at, by=pause.actor, reason=pause.reason)


class ServiceView(msgspec.Struct, kw_only=True):
    """One service with its quotas and how much of them is used."""

    name: str
    per_user: int
    max: int | None
    """Over all users; null is unlimited."""
    active: int
    queued: int
    agents: int
    """Live agents that offer it."""
    slots: int
    """Of those agents."""
    time_limit_s: float | None
    configured: bool
    """False for a service that exists because an agent offers it."""
    paused: PauseView | None = None
    """Not null: it takes jobs, but starts none."""


class ServiceList(msgspec.Struct, kw_only=True):
    """All services, by name."""

    schema: str = "joborch.services/1"
    items: list[ServiceView]


class PauseRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The optional body of a pause."""

    reason: str | None = None
    """Why, for those whose jobs wait."""
    by: str | None = None
    """Who does it; believed, as the user of a submission is."""


class OverrideView(msgspec.Struct, kw_only=True):
    """A quota that an operator set for one user of one service, and whose doing it is."""

    running: int | None
    """Null: what the service allows every user."""
    queued: int | None
    """Null: any number."""
    at: datetime
    by: str


def override_view(override: "Override | None") -> OverrideView | None:
    """Show an override, if there is one, to the outside."""
    if override is None:
        return None
    return OverrideView(
        running=override.running, queued=override.queued, at=override.at, by=override.actor
    )


class UsageView(msgspec.Struct, kw_only=True):
    """What one user has of one service."""

    user_id: str
    service: str
    active: int
    queued: int
    limit: int
    """How many may be active at once, whoever set it."""
    queued_limit: int | None = None
    """How many may wait; null is unlimited."""
    override: OverrideView | None = None
    """Not null: an operator set the user's quota, in place of the service's."""


class QuotaRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A quota for one user of one service; what is not named stays, null takes it back."""

    user_id: str
    service: str
    running: int | UnsetType | None = UNSET
    """How many jobs may be active at once; 0: none starts."""
    queued: int | UnsetType | None = UNSET
    """How many jobs may wait; a submission beyond is refused."""
    by: str | None = None
    """Who does it; believed, as the user of a submission is."""


class UsageList(msgspec.Struct, kw_only=True):
    """Use per user and service, of all who have work or a quota of their own."""

    schema: str = "joborch.usage/1"
    items: list[UsageView]


class Health(msgspec.Struct, kw_only=True):
    """Whether the server can do its work."""

    status: str
    database: str
    disk: str = "ok"
    """``low``: submissions are refused; ``full``: the results of jobs wait at their agents, too."""


class Meta(msgspec.Struct, kw_only=True):
    """What this server is and allows."""

    schema: str = "joborch.meta/1"
    version: str
    api: str = "v1"
    started_at: datetime
    compat: str
    """``v1`` or ``v2``: which generation of the original its seed-compatible routes imitate."""
    auth: str
    services: list[str]
    max_upload_bytes: int
    max_files: int
    retention_s: float
