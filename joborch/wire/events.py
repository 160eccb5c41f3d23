"""The history of jobs on the wire, and the logs they write."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EventView(msgspec.Struct, kw_only=True):
    """One thing that happened to a job. ``seq`` grows over all jobs and never repeats."""

    seq: int
    job_id: int
    attempt: int
    event: str
    from_state: str | None
    to_state: str
    actor: str
    """``user:1``, ``agent:compute-1``, ``dispatch``, ``rescue``, ``clean``."""
    at: datetime
    detail: dict[str, Any] = {}

    @property
    def mark(self) -> str:
        """What names it, and no event of any other server: ``SEQ@MICROSECONDS`` since 1970."""
        return f"{self.seq}@{(self.at - EPOCH) // timedelta(microseconds=1)}"


class EventPage(msgspec.Struct, kw_only=True):
    """Events in the order of their ``seq``."""

    schema: str = "joborch.events/1"
    items: list[EventView]
    next: str | None = None


class LogChunk(msgspec.Struct, kw_only=True):
    """A piece of what a job wrote, sent while somebody follows it.

    The agent sends each stream from its beginning. An empty chunk says: that was all so far; one
    is sent for each stream whenever the agent has caught up with it after a ``follow`` began.
    """

    job_id: int
    attempt: int
    stream: str
    """``stdout`` or ``stderr``."""
    offset: int
    """Of the chunk's first byte in the whole stream."""
    data: bytes


class LogText(msgspec.Struct, kw_only=True):
    """A piece of a log for a person: bytes that are no UTF-8 are replaced."""

    stream: str
    offset: int
    text: str
