"""Jobs counted by what they have in common, on the wire."""

from datetime import datetime

import msgspec


class JobGroup(msgspec.Struct, kw_only=True):
    """Jobs that have one thing in common."""

    key: str
    """What to ask for them by: a user, a service, ``b-31``, an agent's id, a signature; empty
    for jobs that have none."""
    text: str
    """The same for people."""
    count: int
    first_id: int
    last_id: int
    """The newest of them."""
    latest_at: datetime
    """When the last of them ended, or was submitted where none has ended."""
    ids: list[int] = []
    """Of a signature: all of them, oldest first. Otherwise empty."""


class JobGroups(msgspec.Struct, kw_only=True):
    """Groups of jobs, the largest first."""

    schema: str = "joborch.groups/1"
    by: str
    """``user service state agent reason batch signature``."""
    items: list[JobGroup]
    total: int
    """How many jobs match; of signatures: how many of them failed."""
    examined: int
    """How many of them are in these groups. Of failed jobs only the newest are looked at."""
