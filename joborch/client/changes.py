"""What was changed of a job, as a person says it: ``priority 50 → 77``."""

from collections.abc import Mapping
from typing import Any

from joborch.domain.durations import format_duration

_NAMES = {"time_limit_s": "time limit", "not_before": "not before"}


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
