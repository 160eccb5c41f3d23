"""Times and sizes for people, and times as people type them."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from joborch.client.moments import brief
from joborch.domain.durations import format_duration, parse_duration

_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def age(at: datetime, now: datetime) -> str:
    """Write how long ago something was: ``14m``."""
    return format_duration(int(max((now - at).total_seconds(), 0)))


def clock(seconds: float) -> str:
    """Write a running time: ``0:41``, ``1:02:07``."""
    minutes, left = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How people are told times: those of a format of ``relative local utc iso``."""

    form: str = "relative"
    now: datetime

    @property
    def is_relative(self) -> bool:
        """Whether to say how long ago it was, where that is enough."""
        return self.form == "relative"

    @property
    def in_utc(self) -> bool:
        """Whether the zone is UTC."""
        return self.form in {"utc", "iso"}

    def moment(self, at: datetime) -> str:
        """Write a time with its zone."""
        if self.form == "iso":
            return iso(at) or ""
        shown = at.astimezone(UTC) if self.in_utc else at.astimezone()
        return f"{shown:%Y-%m-%d %H:%M:%S} {shown.tzname()}"

    def brief(self, at: datetime) -> str:
        """Write a time in a cell: in the local zone without saying so, if no other was wanted."""
        return self.moment(at) if self.in_utc else brief(at, self.now)

    def ago(self, at: datetime) -> str:
        """Write when something was: ``14m ago``, or the time."""
        return f"{age(at, self.now)} ago" if self.is_relative else self.moment(at)


def iso(at: datetime | None) -> str | None:
    """Write a time for programs."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def size(size_bytes: int) -> str:
    """Write a size with at most three digits: ``610 KiB``."""
    amount = float(size_bytes)
    for unit in _UNITS:
        if amount < 1000 or unit == _UNITS[-1]:
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"


def parse_moment(text: str, *, now: datetime, ago: bool) -> datetime:
    """Read ISO, ``14:30``, ``yesterday``, ``now+1h``, or a duration from now (``ago``: back).

    Without a zone, a time is local.

    Raises:
        ValueError: if it is none of these.
    """
    word = text.strip().lower()
    if word == "yesterday":
        return (now.astimezone() - timedelta(days=1)).replace(hour=0, minute=0, second=0)
    if word == "now":
        return now
    if word.startswith("now+"):
        return now + parse_duration(word.removeprefix("now+"))
    if match := _TIME_OF_DAY.fullmatch(word):
        hour, minute = int(match[1]), int(match[2])
        try:
            return now.astimezone().replace(hour=hour, minute=minute, second=0, microsecond=0)
        except ValueError as error:
            raise ValueError(f"{text!r} is no time: {error}") from None
    with suppress(ValueError):
        span = parse_duration(word)
        return now - span if ago else now + span
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no time: 2026-11-23T14:30, 14:30, 2h or yesterday") from None
    return at if at.tzinfo else at.astimezone()
