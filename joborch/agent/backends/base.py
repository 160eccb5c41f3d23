"""What can run an attempt: this host's processes, a batch system, a cloud. One protocol for all.

A backend knows how to run ``run.sh`` in a directory and when it has ended. It must not know the
server, leases' tokens, or what becomes of the results. ``tests/agent/backends/contract.py`` holds
every backend to what is said here.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from joborch.agent.endings import Ended
from joborch.domain.errors import UnavailableError


class BackendError(UnavailableError):
    """The backend would not take or find an attempt. What was asked has NOT happened.

    ``transient`` says whether the same request may succeed a little later.
    """

    code = "backend_error"

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message, transient=transient)
        self.transient = transient


class BackendAwayError(BackendError):
    """What is to run attempts cannot be reached at present; nothing is wrong with the attempt.

    It was not made, so it does not count among those that the job may have.
    """

    code = "backend_away"

    def __init__(self, message: str) -> None:
        super().__init__(message, transient=True)


class Status(StrEnum):
    """Where a submitted attempt is."""

    RUNNING = "running"
    """The backend has it: waiting in its own queue, or running."""
    ENDED = "ended"
    """:meth:`Backend.ended` answers at once."""
    GONE = "gone"
    """The backend does not know it (any more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One attempt, ready to run."""

    folder: Path
    """The attempt's own directory. The backend may keep files of its own at its top level."""
    work_dir: Path
    """Inside the folder; holds ``run.sh`` and the other inputs, and is where it runs.

    The script is executed as its ``#!`` line says, without one with bash."""
    environment: Mapping[str, str]
    """All of it: nothing is inherited."""
    time_limit_s: float | None
    grace_s: float
    """Between SIGTERM and SIGKILL, whatever the reason for ending it."""
    lease_path: Path
    """Holds the CLOCK_BOOTTIME, in seconds, of the last renewal of the agent's leases."""
    stop_after_s: float
    """The attempt ends, whoever is alive, once the last renewal is so long ago."""
    called_off: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it is not to be started any more. Who has attempts wait before they are started
    has them wait no longer then, and raises BackendAwayError."""


@dataclass(frozen=True, slots=True)
class Handle:
    """A submitted attempt."""

    folder: Path
    """The one it was submitted with; names it for as long as it exists."""
    ref: str
    """What the backend itself calls it: a process id, a batch system's job number."""
    started_at: float
    """When it was submitted, or started as far as is known: seconds since the epoch."""


class Backend(Protocol):
    """Runs attempts.

    An attempt's processes outlive the agent: the backend keeps enough in the attempt's directory
    for :meth:`recover` to find it again from another process. Every method may be called for
    several attempts at the same time, and cancelling a call never harms the attempt.
    """

    @property
    def name(self) -> str:
        """What it is called in settings."""
        ...

    async def is_available(self) -> bool:
        """Whether it can take attempts now; may take a few seconds to find out."""
        ...

    async def submit(self, run: RunSpec) -> Handle:
        """Start an attempt.

        On return the backend owns it, and it runs at most once, also if this process dies now.
        Submitting a folder that was submitted before does not start it again: it raises.

        Raises:
            BackendAwayError: it cannot take any attempts at present.
            BackendError: and then the attempt exists nowhere and will not run.
        """
        ...

    async def recover(self, folder: Path) -> Handle | None:
        """Find what an earlier process submitted from this folder; None: it never was.

        None is certain: it may then be submitted. Leftover processes of an attempt whose
        supervisor died are ended before this returns.
        """
        ...

    async def ended(self, handle: Handle) -> Ended:
        """Wait until all the attempt's processes are gone, and say how it ended.

        An event where there is one (the end of a supervisor); a backend that can only ask shares
        one round of :meth:`poll` among all waiters. May be called again, with the same answer.
        """
        ...

    async def poll(self, handles: Sequence[Handle]) -> Mapping[Handle, Status]:
        """Look where attempts are, all in one round trip."""
        ...

    async def cancel(self, handle: Handle, *, grace_s: float) -> None:
        """Have an attempt end: SIGTERM, and SIGKILL after the grace; returns before it has ended.

        Idempotent. One that has ended stays as it ended; a repeated call can shorten the grace.
        """
        ...

    async def shut_down(self, handle: Handle) -> None:
        """As :meth:`cancel`, with the grace it was submitted with; the cause is ``shutdown``."""
        ...

    async def is_stuck(self, handle: Handle) -> bool:
        """Whether it will not end by itself, because what is to end it was stopped in its turn.

        Asked only of attempts that should have ended: at their time limit, or on an order.
        """
        ...

    async def force(self, handle: Handle) -> None:
        """End a stuck attempt without the help of what is to end it; returns before it has ended.

        All its processes go, as ever before :meth:`ended` returns, which can then only say that
        the supervisor was lost. Does nothing to an attempt that has ended.
        """
        ...

    async def collect(self, handle: Handle) -> None:
        """Bring what an ended attempt left into its folder: the work directory and the logs.

        Nothing to do where it ran in there. May be repeated.
        """
        ...

    def seen(self, folder: Path) -> AbstractAsyncContextManager[Path]:
        """Show a running attempt's working directory as it is now, for as long as the block lasts.

        Raises:
            BackendError: it cannot be seen.
        """
        ...

    async def close(self) -> None:
        """Let go of everything but the attempts, which go on."""
        ...

    def log_paths(self, folder: Path) -> Mapping[str, Path]:
        """Return where ``stdout`` and ``stderr`` grow, or will be once collected."""
        ...
