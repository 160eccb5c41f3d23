"""Signals as something to wait for together with descriptors, so that nobody needs to poll."""

import os
import select
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

CAUGHT = frozenset({signal.SIGTERM, signal.SIGCHLD})
"""What the processes of the runner catch; blocked from a fork until the child is ready for it."""


class SignalPipe:
    """A descriptor that is readable once one of `CAUGHT` has arrived. One for each process."""

    def __init__(self) -> None:
        self._read, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        # A full pipe loses signals, but only such that already are in it a thousand times.
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in CAUGHT:
            signal.signal(number, _do_nothing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, CAUGHT)

    def fileno(self) -> int:
        """The descriptor, for poll."""
        return self._read

    def drain(self) -> set[int]:
        """Take out, without waiting, the numbers of the signals that have arrived."""
        arrived: set[int] = set()
        with suppress(BlockingIOError):
            while data := os.read(self._read, 4096):
                arrived.update(data)
        return arrived

    def wait(self, timeout_s: float) -> set[int]:
        """Wait for a signal, at most so long, and take out what has arrived."""
        poll = select.poll()
        poll.register(self, select.POLLIN)
        poll.poll(timeout_s * 1000)
        return self.drain()


@contextmanager
def held_back(numbers: Iterable[int] = CAUGHT) -> Iterator[None]:
    """Let these signals wait, so that none is lost while a fork is not yet ready for them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def forget_all() -> None:
    """Treat every signal as the system does by default, and hold none back."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if signal.getsignal(number) not in (signal.SIG_DFL, None):
            with suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _do_nothing(number: int, frame: object) -> None:
    """The byte in the pipe is all that is wanted."""
