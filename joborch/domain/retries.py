"""When a job whose host failed may be tried again."""

from datetime import timedelta

BACK_OFF = timedelta(seconds=10)
LONGEST = timedelta(minutes=10)
PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=1)


def back_off(losses: int) -> timedelta:
    """Return how long a job waits after its ``losses``-th loss: 10 s, doubled each time."""
    if losses < 1:
        return timedelta(0)
    doublings: int = min(losses - 1, 16)
    return min(BACK_OFF * (1 << doublings), LONGEST)


def pause(times: int) -> timedelta:
    """Return how long a job waits after it was given back untouched: 2 s, doubled each time."""
    return min(PAUSE * (1 << min(max(times - 1, 0), 16)), LONGEST_PAUSE)
