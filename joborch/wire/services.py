"""Services, their use by users, and the server itself, on the wire."""

from datetime import datetime

import msgspec


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


class ServiceList(msgspec.Struct, kw_only=True):
    """All services, by name."""

    schema: str = "joborch.services/1"
    items: list[ServiceView]


class UsageView(msgspec.Struct, kw_only=True):
    """What one user has of one service."""

    user_id: str
    service: str
    active: int
    queued: int
    limit: int


class UsageList(msgspec.Struct, kw_only=True):
    """Use per user and service, of all who have work."""

    schema: str = "joborch.usage/1"
    items: list[UsageView]


class Health(msgspec.Struct, kw_only=True):
    """Whether the server can do its work."""

    status: str
    database: str


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
