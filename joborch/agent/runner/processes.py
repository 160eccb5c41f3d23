"""Looking at processes through /proc, and signalling whole trees of them."""

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process as it was when looked at. The pid and its start together name it for good."""

    pid: int
    is_alive: bool
    """False: it has ended, and waits for its parent to ask how."""
    is_stopped: bool
    """By a signal or a debugger: it does nothing until it is continued, or killed."""
    parent: int
    group: int
    session: int
    start_ticks: int
    """When it started, in clock ticks since the boot."""

    @property
    def name(self) -> tuple[int, int]:
        """What no other process of this boot has."""
        return self.pid, self.start_ticks


def look(pid: int) -> Process | None:
    """The process of this pid, dead but unreaped ones included; None if there is none."""
    try:
        line = (_PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name, in parentheses, may itself contain spaces and parentheses.
    fields = line[line.rindex(b")") + 2 :].split()
    return Process(
        pid=pid,
        is_alive=fields[0] not in (b"Z", b"X"),
        is_stopped=fields[0] in (b"T", b"t"),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        start_ticks=int(fields[19]),
    )


def everything() -> Iterator[Process]:
    """Every process that we may see."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (process := look(int(entry.name))):
            yield process


def environment(pid: int) -> list[bytes]:
    """The variables its program was executed with, as `NAME=value`; none if it is not for us."""
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def children(pid: int) -> list[int]:
    """The pids of a process's children, dead but unreaped ones included.

    The kernel may overlook some while others end: who needs all of them asks again.
    """
    if not _kernel_lists_children():
        return [process.pid for process in everything() if process.parent == pid]
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in (_PROC / str(pid) / "task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, (thread / "children").read_bytes().split())
    return found


def descendants(pid: int) -> list[int]:
    """The pids of all below a process, parents before their children."""
    found = children(pid)
    for each in found:
        found += children(each)
    return found


def terminate_descendants(pid: int) -> None:
    """Ask all below a process to end: SIGTERM to each of them, once."""
    for each in descendants(pid):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(each, signal.SIGTERM)


def kill_descendants(pid: int) -> None:
    """Kill all that are found below a process; those that fork meanwhile may be missed."""
    kill(descendants(pid))


def kill(pids: Collection[int]) -> None:
    """SIGKILL to these processes, in this order, and to their process groups except our own.

    Groups first: a group cannot outrun a signal by forking, a list of pids can.
    """
    found = [process for pid in pids if (process := look(pid))]
    for group in dict.fromkeys(process.group for process in found):
        if group != os.getpgrp():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
    for process in found:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, signal.SIGKILL)


def _kernel_lists_children() -> bool:
    """Whether it was built to; otherwise every process has to be asked for its parent."""
    return (_PROC / "thread-self" / "children").exists()
