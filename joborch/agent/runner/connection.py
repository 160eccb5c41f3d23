"""The agent's connection to one launcher process; it ends when either of them does."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import joborch

logger = logging.getLogger(__name__)

_PACKAGE_ROOT = Path(joborch.__path__[0]).parent
# Isolated and without site-packages: starts quickly, and imports only what comes with Python. Our
# own folder comes last, lest something in it stands in for a part of the standard library.
_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]);"
    "from joborch.agent.runner.launcher import main; main(int(sys.argv[2]))"
)
_INHERITED = ("LD_LIBRARY_PATH",)
"""All that a Python interpreter may need of the environment, which may hold our secrets."""
_MAX_MESSAGE_BYTES = 1 << 16
ANSWER_S = 10.0
"""A launcher that is silent for so long was stopped, as a job of the same user can do."""


class LauncherGoneError(Exception):
    """The launcher process has died, does not answer, or could not be started."""


class StartRefusedError(Exception):
    """An attempt was not started."""

    def __init__(self, directory: str, error: str, status: int | None) -> None:
        super().__init__(f"{directory} was not started: {error}")
        self.status = status
        """Exit status of the shim; None when there was none."""


class Connection:
    """A launcher process, and the starts it has not yet answered."""

    def __init__(self, launcher: socket.socket, process: int, *, answer_s: float) -> None:
        """Talk to a launcher; ``process`` is a pidfd of it, and becomes ours to close."""
        self._launcher = launcher
        self._process = process
        self._answer_s = answer_s
        self._starts: dict[str, asyncio.Future[int]] = {}
        self._sending = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(launcher, self._receive)

    @classmethod
    async def open(cls, log: Path | None, *, answer_s: float = ANSWER_S) -> "Connection":
        """Start a launcher process; `log` is where its own errors go, not those of jobs.

        After `answer_s` without an answer, it is killed and counts as gone.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        try:
            await _run_launcher(theirs, log, answer_s=answer_s)
            return cls(ours, _introduced(ours), answer_s=answer_s)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be started here any more."""
        return self._launcher.fileno() < 0

    async def start(self, directory: str) -> int:
        """Have an attempt started; the pid of its shim.

        Raises:
            StartRefusedError: it was not.
            LauncherGoneError: nobody knows.
        """
        if directory in self._starts:
            raise StartRefusedError(directory, "it is being started already", None)
        start: asyncio.Future[int] = self._loop.create_future()
        self._starts[directory] = start
        try:
            async with asyncio.timeout(self._answer_s):
                await self._send({"start": directory})
                return await start
        except TimeoutError as error:
            self._kill()
            raise LauncherGoneError("the launcher process does not answer") from error
        except OSError as error:
            self.close()
            raise LauncherGoneError(str(error)) from error
        finally:
            self._starts.pop(directory, None)

    def close(self) -> None:
        """Hang up. Starts that were not answered fail with LauncherGoneError."""
        if self.is_closed:
            return
        self._loop.remove_reader(self._launcher)
        self._launcher.close()
        # Were it stopped, it would never learn that, and stay for ever.
        self._signal(signal.SIGCONT)
        os.close(self._process)
        for start in self._starts.values():
            if not start.done():
                start.set_exception(LauncherGoneError("the launcher process has died"))

    def _kill(self) -> None:
        """End a launcher that may hear of nothing any more, and hang up. Attempts go on."""
        if self.is_closed:
            return
        logger.warning("launcher does not answer, starting another one")
        self._signal(signal.SIGKILL)
        self.close()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, number)

    async def _send(self, message: dict[str, str]) -> None:
        async with self._sending:
            await self._loop.sock_sendall(self._launcher, json.dumps(message).encode())

    def _receive(self) -> None:
        try:
            packet = self._launcher.recv(_MAX_MESSAGE_BYTES)
        except BlockingIOError:
            return
        except ConnectionError:
            packet = b""
        if not packet:
            self.close()
            return
        self._take(json.loads(packet))

    def _take(self, message: dict[str, Any]) -> None:
        match message:
            case {"started": str(directory), "pid": int(pid)}:
                self._answer(directory).set_result(pid)
            case {"refused": str(directory), "status": status, "error": str(error)}:
                refusal = StartRefusedError(directory, error, status)
                self._answer(directory).set_exception(refusal)
            case {"ended": directory, "status": status} if status != 0:
                logger.warning(
                    "supervisor failed", extra={"attempt_dir": directory, "status": status}
                )

    def _answer(self, directory: str) -> asyncio.Future[int]:
        """The start that is waiting for this answer; or, if it no longer is, one without effect."""
        start = self._starts.get(directory)
        return start if start is not None and not start.done() else self._loop.create_future()


async def _run_launcher(agent: socket.socket, log: Path | None, *, answer_s: float) -> None:
    """Start the launcher with this end of a socket pair; returns once it has become a daemon."""
    try:
        process = await _spawn(agent, log)
    except OSError as error:
        raise LauncherGoneError(f"the launcher cannot be started: {error}") from error
    try:
        async with asyncio.timeout(answer_s):
            status = await process.wait()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise LauncherGoneError("the launcher did not get ready") from error
    if status != 0:
        raise LauncherGoneError(f"the launcher ended at once, with status {status}")


async def _spawn(agent: socket.socket, log: Path | None) -> asyncio.subprocess.Process:
    errors = _open_log(log)
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _PROGRAM, str(_PACKAGE_ROOT), str(agent.fileno())),
            pass_fds=(agent.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd="/",
            env={name: os.environ[name] for name in _INHERITED if name in os.environ},
            start_new_session=True,
        )
    finally:
        if errors >= 0:
            os.close(errors)


def _introduced(launcher: socket.socket) -> int:
    """Take the pidfd that a launcher sends before it says anything else."""
    try:
        _, descriptors, _, _ = socket.recv_fds(launcher, _MAX_MESSAGE_BYTES, 1)
        return descriptors[0]
    except (OSError, IndexError) as error:
        raise LauncherGoneError("the launcher did not introduce itself") from error


def _open_log(log: Path | None) -> int:
    if log is None:
        return subprocess.DEVNULL
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
