"""Servers and agents that start in a twentieth of a second, for the many tests that need one.

A process that has imported all of joborch forks one of them for each order. It runs the same
``main`` with the same words as the command does, in an environment of its own. Those tests which
are about how a command starts, or how it ends on a terminal, run it as anybody would instead.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND, SERVER = "joborch.cli.main", "joborch.server.main"
"""Whose ``main`` there are: one takes the words of a command line, the other settings."""
_IMPORTED = (
    *(
        SERVER,
        "joborch.server.app",
        "joborch.agent.main",
        COMMAND,
        "joborch.cli.serve",
        "joborch.cli.agent",
    ),
    "joborch.server.store.creating",
    *("litestar", "anyio._backends._asyncio"),
)
_INTERVAL_S = 0.005


@dataclass(slots=True)
class Forked:
    """A process that was forked for us: what tests use of a ``Popen``."""

    pid: int
    _status: Path
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return its status if it has ended, negative if a signal did it."""
        if self.returncode is None and self._status.exists():
            self.returncode = int(self._status.read_text())
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return its status."""
        deadline = time.monotonic() + (timeout or float("inf"))
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(_INTERVAL_S)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # its status is about to be written
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it on the spot."""
        self.send_signal(signal.SIGKILL)


@functools.cache
def _nursery() -> "tuple[subprocess.Popen[str], Path]":
    command = [sys.executable, "-m", "tests.support.warm"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def fork(main: str, argument: Any, *, env: Mapping[str, str], log: Path) -> Forked:
    """Run the ``main`` of a module in a process of its own that says all it says to ``log``."""
    process, home = _nursery()
    assert process.stdin is not None
    assert process.stdout is not None
    log.write_bytes(b"")
    order = {"module": main, "argument": argument, "env": dict(env), "log": str(log)}
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    pid = int(process.stdout.readline())
    return Forked(pid, home / str(pid))


def _rear(home: Path) -> int | None:
    """Fork one for each order: a line comes in, a pid goes out. Returns the status in the fork."""
    for name in _IMPORTED:
        importlib.import_module(name)
    sys.modules["litestar"].Litestar([])  # the first brings what each fork would import for itself
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, lambda *_: _note_ends(home))
    for line in sys.stdin:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if not pid:
            return _live(**json.loads(line))
        (home / str(pid)).unlink(missing_ok=True)  # of one that had the number before
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    return None


def _note_ends(home: Path) -> None:
    """Write down the status of whoever has ended."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            unfinished = home / f"{pid}.unfinished"
            unfinished.write_text(str(os.waitstatus_to_exitcode(status)))
            unfinished.rename(home / str(pid))


def _live(module: str, argument: Any, env: dict[str, str], log: str) -> int:
    """Be one of those that are forked, to the end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    for target, path, mode in ((0, os.devnull, os.O_RDONLY), (1, log, os.O_WRONLY)):
        descriptor = os.open(path, mode | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    status: int = sys.modules[module].main(argument)
    return status


def main() -> None:
    """Be a nursery until nobody gives orders any more, or what it has forked."""
    home = Path(tempfile.mkdtemp(prefix="nursery-"))
    sys.stdout.write(f"{home}\n")
    sys.stdout.flush()
    status = _rear(home)
    if status is None:
        shutil.rmtree(home)
    sys.exit(status)


if __name__ == "__main__":
    main()
