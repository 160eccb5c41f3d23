"""How long results are kept."""

from datetime import datetime, timedelta

KEEP = timedelta(hours=48)
"""The default of the original's README."""


def cut_off(now: datetime, keep: timedelta) -> datetime:
    """Return the moment before which a job must have ended for its results to be removed."""
    return now - keep
