"""A disk that a test can fill: a tmpfs of its own, mounted for as long as the test needs it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

MEBIBYTE = 1024 * 1024
_BALLAST = "ballast"


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A mounted disk; what fills it is one file of the test."""

    path: Path

    @property
    def free_bytes(self) -> int:
        """How much can still be written."""
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def fill(self, *, but_bytes: int = 0) -> None:
        """Take what is left, but for so much."""
        wait_until(lambda: self._take(self.free_bytes - but_bytes) or self.free_bytes <= but_bytes)

    def empty(self) -> None:
        """Give back what :meth:`fill` took."""
        (self.path / _BALLAST).unlink()

    def _take(self, size_bytes: int) -> bool:
        """Take so much more in one go; not if somebody else was faster."""
        with (self.path / _BALLAST).open("ab") as ballast:
            try:
                os.posix_fallocate(ballast.fileno(), ballast.tell(), max(size_bytes, 1))
            except OSError:
                return False
        return self.free_bytes == 0


@contextmanager
def small_disk(at: Path, mebibytes: int) -> Iterator[SmallDisk]:
    """Mount a disk of this size at a directory, which is made; skip the test if nobody may."""
    at.mkdir()
    options = f"size={mebibytes}m,mode=0700"
    mounting = ["mount", "-t", "tmpfs", "-o", options, "joborch-test", str(at)]
    mounted = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a disk of its own cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(at)
    finally:
        try:
            wait_until(lambda: _is_unmounted(at), describe=lambda: f"{at} is in use")
        finally:
            _is_unmounted(at, "--lazy")


def _is_unmounted(at: Path, *how: str) -> bool:
    unmounting = ["umount", *how, str(at)]
    return subprocess.run(unmounting, capture_output=True, check=False).returncode == 0
