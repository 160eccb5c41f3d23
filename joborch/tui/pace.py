"""How often very many rows are sorted anew: what that costs decides."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

LEAST_S, MOST_S = 2.0, 5.0
SHARE = 0.01
"""So much of the time may go into it, as long as nobody waits for more than the most."""


class Pace:
    """Grows slower with what is done, as far as that is measured."""

    def __init__(self) -> None:
        """Be as fast as may be."""
        self.rest_s = LEAST_S
        """Between the end of one time and the next."""

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure what is done within."""
        began = perf_counter()
        yield
        self.rest_s = min(max(LEAST_S, (perf_counter() - began) / SHARE), MOST_S)
