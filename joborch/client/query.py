"""Which jobs a list is about, as a value."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuery:
    """Conditions that must all hold; None is no condition."""

    id: Collection[int] | None = None
    user: str | None = None
    service: str | None = None
    state: str | None = None
    """States and groups (``active waiting done bad``) with commas."""
    batch: str | None = None
    """``b-31``."""
    name: str | None = None
    tag: str | None = None
    """``KEY=VALUE``."""
    agent: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None
    """A filter, like ``state:failed age<2h dock``; ``domain/filters.py`` has all of it."""
    sort: str | None = None
    """Some of ``id submitted_at finished_at priority state user service name``, with commas.

    Where the first is the same the next decides, at last the id; ``-`` in front of one reverses it.
    """

    def parameters(self) -> dict[str, object]:
        """Write the conditions as a URL's query."""
        return {
            field.name: _text(getattr(self, field.name))
            for field in fields(self)
            if getattr(self, field.name) is not None
        }


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Collection):
        return ",".join(str(item) for item in value)
    return str(value)
