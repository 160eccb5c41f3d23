"""Filters as the dashboard uses them: each a question with an answer for a job as it is now."""

from collections.abc import Callable
from datetime import datetime

from joborch.domain import filters
from joborch.tui.look import utc_now
from joborch.wire.jobs import JobView

Filter = Callable[[JobView], bool]


def everything(_: JobView) -> bool:
    """Be the filter that lets all pass."""
    return True


def parse_filter(text: str, *, me: str, now: Callable[[], datetime] = utc_now) -> Filter:
    """Read a filter; ``user:me`` is ``me``, and ages are counted from ``now``.

    Raises:
        ValueError: with the reason, fit to be shown.
    """
    wanted = filters.parse_filter(text, me=me)
    if not wanted.terms:
        return everything
    return lambda job: wanted.matches(job, now())
