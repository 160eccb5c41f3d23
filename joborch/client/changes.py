"""What an event tells beside what happened: its facts, or of a change ``priority 50 → 77``."""

from collections.abc import Mapping
from typing import Any

from joborch.domain.durations import format_duration
from joborch.domain.states import JobFact
from joborch.wire.events import EventView

_NAMES = {"time_limit_s": "time limit", "not_before": "not before"}


def facts_of(event: EventView, *, arrow: str = "→") -> str:
    """Write what an event tells, on one line."""
    if event.event == JobFact.CHANGED:
        return changes(event.detail, arrow=arrow)
    return " ".join(f"{name}={value}" for name, value in event.detail.items())


def changes(detail: Mapping[str, Any], *, arrow: str = "→") -> str:
    """Say what an event tells of changes: old and new values by the names of what has them."""
    return ", ".join(_change(name, values, arrow) for name, values in detail.items())


def _change(name: str, values: Any, arrow: str) -> str:
    old, new = (_value(name, values[which]) for which in ("old", "new"))
    return f"{_NAMES.get(name, name)} {old} {arrow} {new}"


def _value(name: str, value: Any) -> str:
    if value is None or value == {}:
        return "none"
    if isinstance(value, dict):
        return " ".join(f"{key}={content}" for key, content in value.items())
    return format_duration(int(value)) if name == "time_limit_s" else str(value)
