"""A small process of the standard library only that forks a shim for each attempt.

Forking takes a millisecond where starting an interpreter takes thirty. It talks to its agent in
JSON, one message a packet::

    {"start": DIR}  ->  {"started": DIR, "pid": PID}
                        {"refused": DIR, "status": STATUS, "error": TEXT}
                    ->  {"ended": DIR, "status": STATUS}       later, for each that started

It outlives its agent until the last shim has ended; shims outlive it.
"""

import gc
import json
import os
import select
import signal
import socket
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from joborch.agent.runner import linux, processes, shim
from joborch.agent.runner.signals import SignalPipe, held_back

_MAX_MESSAGE_BYTES = 1 << 16
_IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_REFUSALS = {
    shim.EXIT_LOCKED: "it has a supervisor already",
    shim.EXIT_ALREADY_STARTED: "it has been started before",
}


def main(agent: int) -> None:
    """Serve the agent at the other end of this socket, as a daemon.

    The process that was started ends at once, so that the agent has nothing to reap later. Before,
    it sends the agent a descriptor of the daemon's process, which can never come to mean another.
    """
    if launcher := os.fork():
        _introduce(launcher, agent)
        os._exit(0)
    os.setsid()
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    Launcher(socket.socket(fileno=agent)).run()


def _introduce(launcher: int, agent: int) -> None:
    # Its parent is still there, so that the pid is its own even if it should have ended.
    with socket.socket(fileno=agent) as connection:
        socket.send_fds(connection, [b"launcher"], [os.pidfd_open(launcher)])


@dataclass(slots=True, kw_only=True)
class _Shim:
    directory: str
    ready: int | None
    """Readable when its start is recorded, or it has ended; None once it was read."""
    has_started: bool = False
    """The agent has been told."""


class Launcher:
    """The forking and the reaping. SIGTERM is caught, and means nothing."""

    def __init__(self, agent: socket.socket) -> None:
        self._agent: socket.socket | None = agent
        self._signals = SignalPipe()
        self._shims: dict[int, _Shim] = {}
        self._poll = select.poll()
        self._poll.register(agent, select.POLLIN)
        self._poll.register(self._signals, select.POLLIN)

    def run(self) -> None:
        """Serve until the agent has gone and every shim has ended."""
        # What a dead shim leaves behind becomes ours, and we kill it.
        linux.adopt_orphans()
        # Collected in a shim, what is here now would only be copied: leave it alone.
        gc.freeze()
        while self._agent or self._shims:
            ready = {descriptor for descriptor, _ in self._poll.poll()}
            for pid, child in self._shims.items():
                if child.ready in ready:
                    self._see_whether_started(pid, child)
            if self._signals.drain():
                self._reap()
            if self._agent and self._agent.fileno() in ready:
                self._serve(self._agent)

    def _serve(self, agent: socket.socket) -> None:
        """Take one message, or learn that there will be no more."""
        try:
            message = agent.recv(_MAX_MESSAGE_BYTES)
        except ConnectionError:
            message = b""
        if not message:
            self._forget_agent()
            return
        directory = json.loads(message)["start"]
        try:
            self._start(directory)
        except OSError as error:
            self._tell(refused=directory, status=None, error=f"it cannot be forked: {error}")

    def _start(self, directory: str) -> None:
        ready, tell_ready = os.pipe2(os.O_CLOEXEC)
        try:
            with held_back():
                pid = os.fork()
                if pid == 0:
                    _become_shim(directory, tell_ready)
        except OSError:
            os.close(ready)
            raise
        finally:
            os.close(tell_ready)
        self._shims[pid] = _Shim(directory=directory, ready=ready)
        self._poll.register(ready, select.POLLIN)

    def _see_whether_started(self, pid: int, child: _Shim) -> None:
        if child.ready is None:
            return
        child.has_started = bool(os.read(child.ready, 1))
        self._poll.unregister(child.ready)
        os.close(child.ready)
        child.ready = None
        if child.has_started:
            self._tell(started=child.directory, pid=pid)

    def _reap(self) -> None:
        """Reap every child that has ended, shim or not, and whatever a dead shim left."""
        has_strays = False
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = ended
                child = self._shims.pop(pid, None)
                if child is not None:
                    self._take_leave(pid, child, os.waitstatus_to_exitcode(status))
                has_strays = has_strays or child is None or status != 0
        if has_strays:
            self._kill_strays()

    def _take_leave(self, pid: int, child: _Shim, status: int) -> None:
        self._see_whether_started(pid, child)
        if status == 0 and not child.has_started:
            # There is a record that says why the job could not be started.
            child.has_started = True
            self._tell(started=child.directory, pid=pid)
        if child.has_started:
            self._tell(ended=child.directory, status=status)
        else:
            error = _REFUSALS.get(status, f"its supervisor ended with status {status}")
            self._tell(refused=child.directory, status=status, error=error)

    def _kill_strays(self) -> None:
        """Kill the children that are no shims: a shim that was killed cannot do it any more.

        Those that escape by forking become our children in turn, and end here the next time.
        """
        for pid in set(processes.children(os.getpid())) - self._shims.keys():
            processes.kill([pid, *processes.descendants(pid)])

    def _tell(self, **message: str | int | None) -> None:
        if self._agent is None:
            return
        try:
            self._agent.sendall(json.dumps(message).encode())
        except ConnectionError:
            self._forget_agent()

    def _forget_agent(self) -> None:
        if self._agent is not None:
            self._poll.unregister(self._agent)
            self._agent.close()
            self._agent = None


def _become_shim(directory: str, ready: int) -> NoReturn:
    status = 1
    try:
        status = shim.supervise(directory, ready)
    except BaseException:
        traceback.print_exc()
    finally:
        # This process must never get back into the launcher's loop.
        os._exit(status)
