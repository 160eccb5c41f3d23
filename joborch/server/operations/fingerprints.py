"""What makes two requests under one idempotency key the same: all that was asked for.

It says by name what differs from the default, and nothing else. So a version in which more can be
asked for says the same of a request as the version that stored it.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A request, in the words in which it is stored."""

    text: str
    former: str
    """As the first versions stored it, by ``repr``: keys from then are still known."""

    def is_of(self, stored: str) -> bool:
        """Whether what was stored is the same request."""
        return stored in {self.text, self.former}


def said(asked: object) -> str:
    """Say what was asked for, in the same words whatever else could have been asked for."""
    return json.dumps(asked, default=_plain, sort_keys=True, separators=(",", ":"))


def formerly_said(asked: object, names: str) -> str:
    """Say it as its ``repr`` did when these were all its fields."""
    told = ", ".join(f"{name}={getattr(asked, name)!r}" for name in names.split())
    return f"{type(asked).__qualname__}({told})"


def _plain(value: object) -> object:
    match value:
        case timedelta():
            return value.total_seconds()
        case datetime():
            return value.isoformat()
        case Mapping():
            return dict(value)
    if not is_dataclass(value):
        raise TypeError(f"nobody said how to tell of a {type(value).__name__}")
    told = {field.name: getattr(value, field.name) for field in fields(value)}
    defaults = {field.name: _default(field) for field in fields(value)}
    return {name: given for name, given in told.items() if given != defaults[name]}


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()
