"""The directory of one attempt: the lease, the job's files, what it wrote, and how it ended.

::

    7-1/
      lease.json     what the server ordered, with its secret token
      work/          where run.sh runs          tmp/  its TMPDIR
      …              what the backend keeps: its specification, the logs, how it ended
      results.zip    made once it has ended
      ending.json    what the server is to be told; from here on only that is left to do

It exists from the moment the lease is accepted until the server has acknowledged the report.
"""

import logging
from pathlib import Path

import msgspec

from joborch.agent.endings import Ending
from joborch.agent.payload import write_inline
from joborch.files.atomic import make_way, read_plain, write_atomic
from joborch.wire.agents import KnownAttempt, Lease

logger = logging.getLogger(__name__)

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Accepted(msgspec.Struct, kw_only=True, frozen=True):
    """What is kept of a lease."""

    lease: Lease
    """Without the files' data, which is in the work directory."""
    boot_id: str
    """Of the host when it was accepted."""


class Attempt:
    """One attempt's directory. Two objects for the same directory must not be used at once."""

    def __init__(self, folder: Path, accepted: Accepted) -> None:
        self.folder = folder
        self._accepted = accepted

    @classmethod
    def create(cls, folder: Path, lease: Lease) -> "Attempt":
        """Make the directory, with the files that came with the lease.

        Raises:
            OSError: and then a directory that is left behind will not :meth:`load`.
            InvalidPayloadError: likewise, for a file that no job may have.
        """
        folder.mkdir(mode=0o700)
        attempt = cls(folder, Accepted(lease=_without_data(lease), boot_id=boot_id()))
        attempt.work_dir.mkdir(mode=0o700)
        attempt.tmp_dir.mkdir(mode=0o700)
        write_inline(attempt.work_dir, lease.files)
        attempt._write_lease()
        return attempt

    @classmethod
    def load(cls, folder: Path) -> "Attempt | None":
        """Load what an earlier process made; None if it had not finished making it.

        Raises:
            OSError: the host cannot read at present.
        """
        try:
            data = read_plain(folder / "lease.json")
            return cls(folder, msgspec.json.decode(data, type=Accepted))
        except (FileNotFoundError, ValueError, RecursionError):
            return None

    @property
    def lease(self) -> Lease:
        """The lease, with the newest token and without the files' data."""
        return self._accepted.lease

    @property
    def key(self) -> tuple[int, int]:
        """Job and attempt."""
        return (self.lease.job_id, self.lease.attempt)

    @property
    def known(self) -> KnownAttempt:
        """The attempt as a poll names it."""
        return KnownAttempt(job_id=self.lease.job_id, attempt=self.lease.attempt)

    @property
    def work_dir(self) -> Path:
        """Where the job runs."""
        return self.folder / "work"

    @property
    def tmp_dir(self) -> Path:
        """Where the job may put what nobody needs afterwards."""
        return self.folder / "tmp"

    @property
    def results_path(self) -> Path:
        """The ZIP of what it left."""
        return self.folder / "results.zip"

    @property
    def is_of_this_boot(self) -> bool:
        """Whether the host has not been rebooted since the lease was accepted."""
        return self._accepted.boot_id == boot_id()

    def renew(self, lease: Lease) -> bool:
        """Take the token of the same attempt's newer offer; whether it is another one.

        If there is no room to keep it, a later process will have the old one.
        """
        if lease.token == self.lease.token:
            return False
        self._accepted = Accepted(lease=_without_data(lease), boot_id=self._accepted.boot_id)
        try:
            make_way(self.folder / "lease.json")
            self._write_lease()
        except OSError as error:
            fields = {"job_id": lease.job_id, "error": error.strerror or str(error)}
            logger.warning("new token not kept", extra=fields)
        return True

    def settle(self, ending: Ending) -> None:
        """Keep what the server is to be told; from now on the attempt will never be started."""
        make_way(self.folder / "ending.json")
        write_atomic(self.folder / "ending.json", msgspec.json.encode(ending))

    def disown(self) -> None:
        """Make it one that a later process will not :meth:`load`; needs no room on the disk."""
        (self.folder / "lease.json").unlink(missing_ok=True)

    def ending(self) -> Ending | None:
        """Return what :meth:`settle` kept, if it did; what else is there counts as nothing."""
        try:
            return msgspec.json.decode(read_plain(self.folder / "ending.json"), type=Ending)
        except (FileNotFoundError, ValueError, RecursionError):
            return None

    def _write_lease(self) -> None:
        write_atomic(self.folder / "lease.json", msgspec.json.encode(self._accepted))


def boot_id() -> str:
    """Return what names the host's current boot."""
    return _BOOT_ID.read_text().strip()


def _without_data(lease: Lease) -> Lease:
    files = [msgspec.structs.replace(file, data=None) for file in lease.files]
    return msgspec.structs.replace(lease, files=files)
