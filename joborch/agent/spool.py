"""The agent's directory: who it is, which process of it this is, and the attempts it holds.

Everything here is a cache of what the server knows: nothing is flushed, and what is damaged is
treated as absent; what cannot be read at present is not. Must not know how jobs are run or what is
said to the server.
"""

import logging
import os
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import msgspec

from joborch.agent.attempts import Attempt
from joborch.agent.marks import HighWaterMarks
from joborch.agent.removal import remove_tree
from joborch.agent.threads import in_thread
from joborch.files.atomic import make_way, read_plain, write_atomic
from joborch.process.clock import Clock
from joborch.process.lock import directory_lock
from joborch.process.loop import Loop

logger = logging.getLogger(__name__)

RENEWAL_STEP_S = 0.1
_SWEEP_STEP_S = 1.0
_GONE = ".gone-"
"""Begins the names of directories that are no attempts any more, whatever is in them."""


class Identity(msgspec.Struct, kw_only=True, frozen=True):
    """What the server called this agent; the key is secret."""

    agent_id: str
    key: str


class Spool:
    """The directory of one agent, held by this process until :meth:`close`.

    Raises:
        LockedError: if another process holds it.
    """

    def __init__(self, work_dir: Path, *, clock: Clock, keep_s: float = 0.0) -> None:
        self._root = work_dir
        self._attempts = work_dir / "attempts"
        self._kept = work_dir / "kept"
        self._keep_s = keep_s
        _make_private(work_dir)
        self._lock = ExitStack()
        self._lock.enter_context(directory_lock(work_dir / "agent.lock", "an agent"))
        _make_private(self._attempts)
        _make_private(self._kept)
        self.lease_path = work_dir / "lease"
        """Holds the CLOCK_BOOTTIME at which the last acknowledged poll was sent."""
        self.renewed_at = self._last_renewal()
        """What it holds, be it from an earlier process."""
        self.incarnation = self._next_incarnation()
        """Greater than that of any earlier process of this directory."""
        self.marks = HighWaterMarks(work_dir / "high-water", clock=clock)
        self._leftovers: list[Path] = []
        """What is no attempt, and still to be removed."""
        self.sweeping = Loop("sweep of old attempts", self.sweep)
        """Runs :meth:`sweep` when it has to."""

    def close(self) -> None:
        """Let another process have the directory."""
        self.marks.close()
        self._lock.close()

    def identity(self) -> Identity | None:
        """Return who this agent is; None if it has not enrolled yet.

        Raises:
            OSError: the host cannot read at present. To the server it would be a stranger, whose
                attempts are nobody's.
        """
        try:
            return msgspec.json.decode(read_plain(self._identity_path), type=Identity)
        except (FileNotFoundError, ValueError):
            return None

    def remember(self, identity: Identity) -> None:
        """Keep who this agent is, for its owner's eyes only."""
        write_atomic(self._identity_path, msgspec.json.encode(identity))

    def renew_leases(self, boottime: float) -> None:
        """Note that the server acknowledged a poll sent at this CLOCK_BOOTTIME.

        When many are acknowledged within an instant, only the first is noted; an older renewal
        is always on the safe side. So it is if it cannot be noted: jobs then end in good time.
        """
        if self.renewed_at is not None and 0 <= boottime - self.renewed_at < RENEWAL_STEP_S:
            return
        try:
            make_way(self.lease_path)
            write_atomic(self.lease_path, f"{boottime:.3f}\n".encode())
        except OSError as error:
            logger.warning("leases not renewed", extra={"error": error.strerror or str(error)})
            return
        self.renewed_at = boottime

    def folder_for(self, job_id: int, attempt: int) -> Path:
        """Return where an attempt's directory is, or would be."""
        return self._attempts / f"{job_id}-{attempt}"

    def attempts(self) -> list[Attempt]:
        """Load what earlier processes left, oldest job first.

        What is half made makes way for an attempt of the same name, and is swept later.

        Raises:
            OSError: the host cannot read at present; what is there may be running.
        """
        found = []
        for folder in self._attempts.iterdir():
            if folder.name.startswith(_GONE):
                self._leftovers.append(folder)
            elif attempt := Attempt.load(folder):
                found.append(attempt)
            elif gone := _disown(folder):
                self._leftovers.append(gone)
        self.sweeping.wake()
        return sorted(found, key=lambda attempt: attempt.key)

    def discard(self, folder: Path) -> None:
        """Remove an attempt's directory; whatever happens meanwhile, it is no attempt any more.

        What resists is tried again by the next process. Never raises: at worst, where nothing can
        be renamed, the attempt is still there, and that process tells the server of it once more.
        """
        if gone := _disown(folder):
            remove_tree(gone)

    async def retire(self, folder: Path, *, was_stopped: bool) -> None:
        """Put away the directory of an attempt that nobody needs to hear of any more.

        It is removed, unless finished attempts are kept for a while and it was not stopped.
        """
        if was_stopped or not self._keep_s:
            await in_thread(partial(self.discard, folder))
            return
        await in_thread(partial(self._put_aside, folder))

    async def sweep(self) -> float | None:
        """Remove leftovers, and the directories that have been kept long enough.

        Returns in how many seconds there may be one of the latter. Cancelled, it leaves what it
        has not begun with to the next process.
        """
        while self._leftovers:
            await in_thread(partial(remove_tree, self._leftovers.pop()))
        left_s = await in_thread(self._keep_left_s)
        for folder in [folder for folder in left_s if left_s[folder] <= 0]:
            await in_thread(partial(remove_tree, folder))
            del left_s[folder]
        if not self._keep_s:
            return None
        return max(_SWEEP_STEP_S, min(left_s.values(), default=self._keep_s))

    def _keep_left_s(self) -> dict[Path, float]:
        now = time.time()
        return {
            folder: folder.lstat().st_mtime + self._keep_s - now for folder in self._kept.iterdir()
        }

    def _put_aside(self, folder: Path) -> None:
        kept = self._kept / folder.name
        remove_tree(kept)
        try:
            os.utime(folder.rename(kept), follow_symlinks=False)
        except OSError as error:
            logger.warning("attempt not kept", extra=_trouble(folder, error))
            self.discard(folder)

    @property
    def _identity_path(self) -> Path:
        return self._root / "identity.json"

    def _last_renewal(self) -> float | None:
        try:
            return float(read_plain(self.lease_path))
        except (OSError, ValueError):
            return None

    def _next_incarnation(self) -> int:
        path = self._root / "incarnation"
        try:
            last = int(read_plain(path))
        except (FileNotFoundError, ValueError):
            last = 0
        write_atomic(path, f"{last + 1}\n".encode())
        return last + 1


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def _trouble(folder: Path, error: OSError) -> dict[str, str]:
    return {"folder": folder.name, "error": error.strerror or str(error)}


def _disown(folder: Path) -> Path | None:
    """Rename what is no attempt any more, and return its new name; None if it is not there."""
    gone = folder.with_name(f"{_GONE}{os.urandom(8).hex()}")
    try:
        # In one step, and whatever a job has made of what is in there.
        folder.rename(gone)
    except FileNotFoundError:
        return None
    except OSError as error:
        logger.warning("attempt not removed", extra=_trouble(folder, error))
        return None
    return gone
