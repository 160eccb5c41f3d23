"""Estimates in words: about when, in how long, and how sure that is."""

from datetime import UTC, datetime, timedelta

from joborch.domain.durations import format_duration
from joborch.wire.statistics import Estimate

SOON_S = 120
"""Nearer than this, the time of day says less than the seconds."""


def told(estimate: Estimate, now: datetime, *, in_utc: bool) -> str:
    """Write ``about 17:52 CET, in 10m (17:46 to 18:03)``."""
    if estimate.high_s < 1:
        return "now"
    low, expected, high = (max(round(each), 0) for each in _spans(estimate))
    if high < SOON_S:
        return f"in about {format_duration(expected)} ({low} to {high} s)"
    at, first, last = (_clock(now, span, in_utc=in_utc) for span in (expected, low, high))
    zone = _shown(now, in_utc=in_utc).tzname()
    return f"about {at} {zone}, in {format_duration(expected)} ({first} to {last})"


def in_short(estimate: Estimate) -> str:
    """Write ``42m``, or ``42m ±6m`` where that says something."""
    low, expected, high = _spans(estimate)
    give = _rounded((high - low) / 2)
    text = format_duration(_rounded(expected))
    return f"{text} ±{format_duration(give)}" if give else text


def _rounded(seconds: float) -> int:
    """Leave out the seconds where there are minutes enough: nothing is known so exactly."""
    return round(seconds) if seconds < SOON_S else round(seconds / 60) * 60


def _spans(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.low_s, estimate.expected_s, estimate.high_s


def _clock(now: datetime, in_s: float, *, in_utc: bool) -> str:
    at, today = _shown(now + timedelta(seconds=in_s), in_utc=in_utc), _shown(now, in_utc=in_utc)
    return f"{at:%H:%M}" if at.date() == today.date() else f"{at:%a %d %b %H:%M}"


def _shown(at: datetime, *, in_utc: bool) -> datetime:
    return at.astimezone(UTC) if in_utc else at.astimezone()
