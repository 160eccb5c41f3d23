"""Moments in few words, in the local zone: for cells and lines that have no room for more."""

from datetime import datetime


def brief(at: datetime, now: datetime) -> str:
    """Write ``14:30:00``; of another day that day as well, and of another year the year."""
    at, today = at.astimezone(), now.astimezone()
    if at.date() == today.date():
        return f"{at:%H:%M:%S}"
    return f"{at:%m-%d %H:%M}" if at.year == today.year else f"{at:%Y-%m-%d %H:%M}"
