"""The agent's side of the runner: starting attempts, waiting for them, cancelling them.

`phases` says how far an attempt has come. Attempts are named by their directory; those that an
earlier agent started are waited for and cancelled in the same way as our own.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from joborch.agent.runner import phases, processes, records
from joborch.agent.runner.connection import (
    ANSWER_S,
    Connection,
    LauncherGoneError,
    StartRefusedError,
)
from joborch.agent.runner.shim import EXIT_ALREADY_STARTED, EXIT_LOCKED


class Launcher:
    """Starts attempts through a launcher process, which is started when it is first needed.

    The process lives on after `close`, and after our own end, until its last attempt has ended.
    """

    def __init__(self, *, log: Path | None = None, answer_s: float = ANSWER_S) -> None:
        """``answer_s``: a launcher process that answers nothing for so long is killed."""
        self._log = log
        self._answer_s = answer_s
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._is_closed = False

    async def start(self, attempt_dir: Path) -> int:
        """Start an attempt, whose specification and work folder are in place.

        Returns the pid of its supervisor once the start is recorded; should the program turn out
        not to be executable, the exit record will say so. If the launcher process has died or gives
        no answer, another one is started and asked, once. The attempt's lock and the record of its
        start see to it that it does not run twice.

        Raises:
            StartRefusedError: nothing was started, because it was before or could not be.
            LauncherGoneError: nobody knows; `inspect` tells whether the attempt was started.
        """
        try:
            return await self._start(attempt_dir)
        except LauncherGoneError:
            return await self._start_again(attempt_dir)

    async def close(self) -> None:
        """Let go of the launcher process; attempts go on. Starts in flight fail, and later ones."""
        self._is_closed = True
        async with self._connecting:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    async def _start(self, attempt_dir: Path) -> int:
        connection = await self._connect()
        return await connection.start(_address(attempt_dir))

    async def _start_again(self, attempt_dir: Path) -> int:
        try:
            return await self._start(attempt_dir)
        except StartRefusedError as error:
            # Then it was the request before this one, whose answer we did not get.
            if error.status not in (EXIT_LOCKED, EXIT_ALREADY_STARTED):
                raise
            phase = phases.inspect(attempt_dir)
            if isinstance(phase, phases.Running):
                return phase.shim_pid
            if started := records.read_started(attempt_dir):
                return started.shim_pid
            raise

    async def _connect(self) -> Connection:
        async with self._connecting:
            if self._is_closed:
                raise LauncherGoneError("the launcher has been closed")
            if self._connection is None or self._connection.is_closed:
                self._connection = await Connection.open(self._log, answer_s=self._answer_s)
            return self._connection


async def wait_ended(attempt_dir: Path, shim_pid: int) -> None:
    """Wait until the attempt's supervisor has ended; `inspect` then tells how the attempt did."""
    with _supervisor(attempt_dir, shim_pid) as pidfd:
        if pidfd is not None:
            await _readable(pidfd)


def cancel(attempt_dir: Path, shim_pid: int, grace_s: float | None = None) -> bool:
    """Ask the supervisor to end its job; False when there is none left to ask.

    `grace_s` is between SIGTERM and SIGKILL: 0 is at once, None what the specification says. Asked
    again, the grace can only get shorter. A job that ends before it is told has ended by itself.
    """
    with _supervisor(attempt_dir, shim_pid) as pidfd:
        if pidfd is None:
            return False
        records.write_cancel(attempt_dir, grace_s)
        return _signal(pidfd, signal.SIGTERM)


def shut_down(attempt_dir: Path, shim_pid: int) -> bool:
    """Ask the supervisor to end its job because the host goes down: SIGTERM alone says that.

    False when there is none left to ask.
    """
    with _supervisor(attempt_dir, shim_pid) as pidfd:
        return pidfd is not None and _signal(pidfd, signal.SIGTERM)


def is_stopped(attempt_dir: Path, shim_pid: int) -> bool:
    """Whether the attempt has a supervisor that was stopped, by its job or by a debugger."""
    with _supervisor(attempt_dir, shim_pid) as pidfd:
        shim = None if pidfd is None else processes.look(shim_pid)
        return shim is not None and shim.is_stopped


def kill(attempt_dir: Path, shim_pid: int) -> bool:
    """Kill the supervisor, stopped or not; False when there is none left.

    Its job dies with it, whatever else is left of it is killed by the launcher; the attempt becomes
    `phases.SupervisorLost`.
    """
    with _supervisor(attempt_dir, shim_pid) as pidfd:
        return pidfd is not None and _signal(pidfd, signal.SIGKILL)


def _signal(pidfd: int, number: signal.Signals) -> bool:
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _supervisor(attempt_dir: Path, shim_pid: int) -> Iterator[int | None]:
    """A descriptor of the supervisor's process; None when it has ended, or the pid is 0.

    If the lock is held after the process was opened, its holder was alive when that happened, and
    so it is the one that was opened, not a later user of the pid.
    """
    try:
        pidfd = os.pidfd_open(shim_pid) if shim_pid else None
    except ProcessLookupError:
        pidfd = None
    if pidfd is None:
        yield None
        return
    try:
        yield pidfd if phases.is_locked(attempt_dir) else None
    finally:
        os.close(pidfd)


def _address(attempt_dir: Path) -> str:
    """The launcher works in another folder, so it needs an absolute path."""
    return str(attempt_dir.absolute())


async def _readable(descriptor: int) -> None:
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
