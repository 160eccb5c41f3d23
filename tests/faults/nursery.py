"""Servers and agents that start in a twentieth of a second, for tests that kill thousands of them.

A nursery is a process that has imported all of joborch and forks one server or agent after the
other. What it forks runs the same ``main`` as the command does, with sockets and files of its own.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.strace import is_alive
from tests.support.waiting import wait_until

SERVER, AGENT = "joborch.server.main", "joborch.agent.main"
_ALSO = {
    SERVER: ("joborch.server.app", "alembic.command", "alembic.config", "alembic.util"),
    AGENT: (),
}
"""What is only imported when it is needed."""


@dataclass(slots=True)
class Child:
    """One process that a nursery forked. ``status`` is negative if a signal ended it."""

    pid: int
    log: Path
    nursery: "subprocess.Popen[str]"
    status: int | None = None

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def is_alive(self) -> bool:
        return is_alive(self.pid)

    def end(self, signal_number: int = signal.SIGKILL) -> int:
        """Have it end, if it has not yet; return its status."""
        if self.status is None and self.is_alive:
            os.kill(self.pid, signal_number)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end and return its status."""
        if self.status is None:
            assert self.nursery.stdout is not None
            self.status = int(self.nursery.stdout.readline())
        return self.status


@dataclass(slots=True)
class Nursery:
    """Forks processes of one kind, one at a time."""

    process: "subprocess.Popen[str]"
    home: Path
    children: list[Child] = field(default_factory=list)

    def fork(self, flags: Mapping[str, Any], *, is_held: bool = False) -> Child:
        """Start one with these flags; ``is_held``: it waits for SIGCONT before its first step."""
        if self.children:
            self.children[-1].end()
        log = self.home / f"{Path(self.process.args[-1]).name}-{len(self.children)}.log"  # type: ignore[index,arg-type]  # the command's last word
        log.touch()
        order = {"flags": dict(flags), "log": str(log), "is_held": is_held}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        child = Child(int(self.process.stdout.readline()), log, self.process)
        self.children.append(child)
        if is_held:
            status = Path(f"/proc/{child.pid}/status")
            wait_until(lambda: "State:\tT" in status.read_text(), describe=status.read_text)
        return child


@contextmanager
def a_nursery(module: str, home: Path) -> Iterator[Nursery]:
    """Run one for the ``main`` of this module; the last child ends with it."""
    command = [sys.executable, "-m", "tests.faults.nursery", module]
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("JOBORCH_", "PORT"))
    }
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        nursery = Nursery(process, home)
        try:
            yield nursery
        finally:
            if nursery.children:
                nursery.children[-1].end()
            assert process.stdin is not None
            process.stdin.close()


def _rear(module: str) -> None:
    """Be a nursery: an order a line comes in, a pid goes out, and in the end a status."""
    main = __import__(module, fromlist=["main"]).main
    for name in _ALSO[module]:
        __import__(name)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _live(main, **order)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


def _live(main: Any, *, flags: dict[str, Any], log: str, is_held: bool) -> None:
    """Be one of those that are forked, to the end."""
    status = 70
    try:
        for target, source, mode in ((0, os.devnull, os.O_RDONLY), (1, log, os.O_WRONLY)):
            descriptor = os.open(source, mode | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(descriptor, target)
            os.close(descriptor)
        os.dup2(1, 2)
        if is_held:
            os.kill(os.getpid(), signal.SIGSTOP)
        status = main(flags)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _rear(sys.argv[1])
