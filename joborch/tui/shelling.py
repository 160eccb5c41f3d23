"""A shell in the same terminal, from which one comes back to the dashboard."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from textual.app import SuspendNotSupported

from joborch.domain.text import one_line
from joborch.tui.clipboard import CopyingApp
from joborch.tui.hangup import HUNG_UP, Terminal

USUAL = "/bin/sh"
TYPED = (signal.SIGINT, signal.SIGQUIT)
"""What Ctrl-C and Ctrl-\\ send; to us too where a shell does not take the terminal for itself."""
GREETING = "joborch top waits: exit, or Ctrl-D, goes back to it\n"


class ShellingApp(CopyingApp):
    """The part of the dashboard that lends the terminal to a shell."""

    def action_shell(self) -> None:
        """Lend the terminal until the shell ends; nothing is drawn nor listened to meanwhile."""
        if self.is_web:
            self.notify("not from a browser: it would be a shell of its server")
            return
        said, terminal = "", Terminal()  # one that has gone is not known to be one any more
        try:
            with self.suspend():
                said = run_shell(self.desk.look.environment)
                if terminal.is_gone:
                    os._exit(HUNG_UP)  # the framework would write to it, and wait for ever
        except SuspendNotSupported:
            said = "no shell: this terminal cannot be lent to one"
        if said:
            self.notify(said, severity="warning", markup=False)


def run_shell(env: Mapping[str, str]) -> str:
    """Run the shell that ``env`` names until it ends; returns why it could not be, or nothing."""
    shell = env.get("SHELL") or USUAL
    try:
        with _deaf_to_keys():
            print(GREETING, end="", flush=True)  # noqa: T201 - the terminal is not the dashboard's
            subprocess.run([shell], env=dict(env), check=False)
    except OSError as error:
        return f"no shell: {one_line(shell)}: {error.strerror}"
    return ""


@contextmanager
def _deaf_to_keys() -> Iterator[None]:
    """Leave these signals to the shell; a handler, unlike ignoring, is not handed on to it."""
    before = {number: signal.signal(number, lambda *_: None) for number in TYPED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
