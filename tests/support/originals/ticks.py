"""The original's clockwork."""

import time
from collections.abc import Callable


def every_half_second(work: Callable[[], None]) -> None:
    """Work whenever the wall clock shows a full or half second; a slow turn delays the next."""
    while True:
        now = time.time()
        time.sleep((int(now * 2) + 1) / 2 - now)
        work()
