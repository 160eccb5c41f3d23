"""Who hears that the process was stopped, or goes on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

STOPPED_OR_CONTINUED = (signal.SIGTSTP, signal.SIGCONT)


@contextmanager
def job_control_put_back() -> Iterator[None]:
    """Leave these signals as they were before.

    The framework keeps them for itself when it has ended: a later SIGCONT, which also comes when a
    terminal is closed, would have it draw on a terminal that is no longer its own.
    """
    before = {number: signal.getsignal(number) for number in STOPPED_OR_CONTINUED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
