"""How far an attempt has come, told from its directory alone, and what follows from that.

Works for attempts of an earlier agent just as well. The lock is asked first: only when it is free
are the records final, because while the job runs it may be able to write them itself.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import SIGKILL, pidfd_send_signal
from typing import TypeAlias

from joborch.agent.runner import linux, processes, records
from joborch.agent.runner.processes import Process
from joborch.agent.runner.records import Cause, Ended, Started
from joborch.files.atomic import read_plain

# O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
_OPEN_LOCK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_LOCK = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EACCES)
_WORK_VARIABLE = "JOBORCH_WORKDIR"
_SWEEP_AT_MOST_S = 10.0
_QUIET_PASSES = 2
"""What forks, or executes a program, just while we look may be overlooked: we look again."""
_PID_TRIES = 1000
_PID_PAUSE_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """It has never been started, and so may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A supervisor is alive."""

    shim_pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Its supervisor said how it ended."""

    ended: Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorLost:
    """Its supervisor was killed in this boot of the host; parts of the job may still run."""

    started: Started


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRebooted:
    """It was started in an earlier boot of the host, or a power cut tore its records.

    Even if it ended before, what it left on disk may be incomplete: nothing of it was flushed.
    """


Phase: TypeAlias = Fresh | Running | Finished | SupervisorLost | HostRebooted


def inspect(directory: Path, *, boot_id: str | None = None) -> Phase:
    """How far an attempt has come; `boot_id` is that of the host now, unless given."""
    if is_locked(directory):
        return Running(shim_pid=_holder(directory))
    ended, started = records.read_ended(directory), records.read_started(directory)
    if started is not None and started.boot_id != (boot_id or linux.boot_id()):
        return HostRebooted()
    if ended is not None:
        return Finished(ended=ended)
    if started is not None:
        return SupervisorLost(started=started)
    # A record that exists but cannot be read was torn by a power cut.
    return HostRebooted() if records.has_started(directory) else Fresh()


def is_locked(directory: Path) -> bool:
    """Whether the attempt has a living supervisor.

    What the job has put in the place of the lock, or made unreadable, is locked by nobody.
    """
    try:
        lock = os.open(directory / records.LOCK, _OPEN_LOCK)
    except OSError as error:
        if error.errno in _NO_LOCK:
            return False
        raise
    try:
        # Shared: those who look do not take each other for a supervisor.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def forbid(directory: Path) -> bool:
    """Have an attempt never start, whoever may still try to; False if it did or is about to."""
    lock = os.open(
        directory / records.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if records.has_started(directory):
            return False
        detail = "nobody knew whether it had been started"
        ended = Ended(
            cause=Cause.CANNOT_START, detail=detail, is_of_host=True, ended_at=time.time()
        )
        records.write_ended(directory, ended)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def kill_leftovers(directory: Path, started: Started, *, boot_id: str | None = None) -> list[int]:
    """Kill what a lost supervisor left of its job; returns the pids that were killed.

    Only what is proven to be the job's is touched, by its environment or its session: pids, and
    sessions with them, are used again. Of another boot, nothing is, and never the caller. Looks
    until there is nothing left, or for ten seconds if it multiplies faster than it dies.
    """
    if started.boot_id != (boot_id or linux.boot_id()):
        return []
    killed: dict[tuple[int, int], int] = {}
    is_of_job = partial(_is_of_job, directory=directory, started=started)
    until, quiet = time.monotonic() + _SWEEP_AT_MOST_S, 0
    while quiet < _QUIET_PASSES and time.monotonic() < until:
        # Those that were killed before may take a while to be gone.
        others = [each for each in processes.everything() if each.name not in killed]
        fresh = {each.name: each.pid for each in others if _kill(each, is_of_job)}
        quiet = 0 if fresh else quiet + 1
        killed |= fresh
    return list(killed.values())


def _holder(directory: Path) -> int:
    """The pid of the lock's holder, who writes it right after locking."""
    for _ in range(_PID_TRIES):
        with suppress(ValueError):
            return int(read_plain(directory / records.LOCK))
        time.sleep(_PID_PAUSE_S)
    raise TimeoutError(f"{directory / records.LOCK} is locked, but not by a supervisor")


def _is_of_job(process: Process, *, directory: Path, started: Started) -> bool:
    """Whether a process belongs to the job and not to a later user of a pid."""
    if process.pid == os.getpid() or not process.is_alive:
        return False
    return _has_its_environment(process, directory) or _is_in_its_session(
        process, directory, started
    )


def _has_its_environment(process: Process, directory: Path) -> bool:
    """Whether it was executed with the work directory that only this attempt was given.

    Told from where the attempt is, not from its spec, in which the job may name somebody else's.
    """
    homes = {directory.absolute(), directory.resolve()}
    own = {os.fsencode(f"{_WORK_VARIABLE}={home / records.WORK}") for home in homes}
    return not own.isdisjoint(processes.environment(process.pid))


def _is_in_its_session(process: Process, directory: Path, started: Started) -> bool:
    """Whether it is in the job's session, and that is not one of a later user of its pid."""
    if process.session != started.pid:
        return False
    leader = processes.look(started.pid)
    if leader is not None:
        return leader.start_ticks == started.start_ticks
    return process.start_ticks >= started.start_ticks and _uses(process.pid, directory.resolve())


def _uses(pid: int, directory: Path) -> bool:
    """Whether a process works in a directory, or has its output go there."""
    for link in ("cwd", "fd/1", "fd/2"):
        with suppress(OSError):
            if Path(f"/proc/{pid}/{link}").readlink().is_relative_to(directory):
                return True
    return False


def _kill(process: Process, is_of_job: Callable[[Process], bool]) -> bool:
    """Kill exactly this process if it is the job's; False if not, or when it is gone."""
    try:
        # Opened before anything is asked: its pid may be in use again at any time after.
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        now = processes.look(process.pid)
        if now is None or now.name != process.name or not is_of_job(now):
            return False
        pidfd_send_signal(pidfd, SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(pidfd)
    return True
