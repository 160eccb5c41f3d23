"""What a process asks of its kernel: watched, and spoilt at a chosen call.

A call is counted in each thread on its own, from when the watch begins.
"""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.support.waiting import wait_until

KILL = "signal=KILL"
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")

_KILL_BIT = 1 << SIGKILL - 1
_ENTRY = re.compile(r"^(\d+) +(\w+)\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """What is to happen at which call."""

    call: str
    number: int
    effect: str = KILL

    @property
    def options(self) -> list[str]:
        return ["-e", f"inject={self.call}:{self.effect}:when={self.number}"]

    def __str__(self) -> str:
        return f"{self.effect} at {self.call} {self.number}"


@contextmanager
def watched(
    pid: int, log: Path, *, calls: str, injection: Injection | None = None
) -> Iterator[Path]:
    """Watch all threads of a process during the block, and what they start; calls go to ``log``."""
    options = injection.options if injection else []
    command = ["strace", "-f", "-q", "-y", "-s", "32", "-e", "signal=none", "-e", f"trace={calls}"]
    command += [*options, "-o", str(log), "-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
        try:
            wait_until(
                lambda: strace.poll() is not None or _is_watched(pid), describe=lambda: command
            )
            assert strace.poll() is None or not is_alive(pid), (
                strace.stderr and strace.stderr.read()
            )
            yield log
        finally:
            _end(strace, pid)


def points(log: Path, *, about: str = "") -> list[tuple[str, int]]:
    """Return where something can be injected, in order: each call, and its number in its thread.

    With ``about``, only calls whose arguments contain it; the others count all the same.
    """
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, int], None] = {}
    for line in log.read_text(errors="replace").splitlines():
        if entry := _ENTRY.match(line):
            thread, call = entry.groups()
            seen[thread, call] += 1
            if about in line:
                found[call, seen[thread, call]] = None
    return [*found]


def was_injected(log: Path) -> bool:
    """Whether an injected error was met."""
    return "(INJECTED)" in log.read_text(errors="replace")


def _end(strace: "subprocess.Popen[bytes]", pid: int) -> None:
    """End the watch; by force if the watched were killed, when strace may wait for ever."""
    with suppress(subprocess.TimeoutExpired):
        if is_alive(pid):
            strace.terminate()
            strace.wait(timeout=2)
        strace.wait(timeout=0.05)
    strace.kill()


def is_alive(pid: int) -> bool:
    """Whether a process runs, and is not about to die of a SIGKILL."""
    try:
        return all(_runs(status) for status in _statuses(pid))
    except (FileNotFoundError, ProcessLookupError):
        return False


def _is_watched(pid: int) -> bool:
    """Whether every thread of a process has a tracer."""
    return all("TracerPid:\t0\n" not in status for status in _statuses(pid))


def _runs(status: str) -> bool:
    pending = re.search(r"SigPnd:\t(\w+)", status)
    is_dying = pending is not None and int(pending[1], 16) & _KILL_BIT
    return not is_dying and not re.search(r"State:\t[ZX]", status)


def _statuses(pid: int) -> list[str]:
    """Return what the kernel says of each thread; one that ends meanwhile is left out."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found.append((task / "status").read_text())
    return found
