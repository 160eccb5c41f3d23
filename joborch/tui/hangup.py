"""Noticing that the terminal has gone. The framework reads its end over and over instead.

Who leads the terminal's session is told by SIGHUP; a program that was only given a terminal is not.
"""

import select
import signal
import sys

HUNG_UP = 128 + signal.SIGHUP
"""The exit status of a program whose terminal has gone."""


class Terminal:
    """Where a person types, if that is a terminal."""

    def __init__(self) -> None:
        stdin = sys.__stdin__
        self._poll = select.poll()
        if stdin is not None and stdin.isatty():
            self._poll.register(stdin.fileno(), 0)

    @property
    def is_gone(self) -> bool:
        """Whether nobody will type there again; never, if there was no terminal."""
        return any(event & (select.POLLHUP | select.POLLNVAL) for _, event in self._poll.poll(0))
