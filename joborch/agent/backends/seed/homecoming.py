"""Archives that a client of the original handed out: whose they are, and what is in them.

An archive counts only if it has the files that were sent with this attempt: a client that was
restarted counts its jobs from one again, and hands out what another job left.
"""

import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from joborch.agent.backends.seed.wrapper import home_of
from joborch.files.archive import UnsafeArchiveError, extract
from joborch.files.names import archive_name

STDOUT, STDERR = "stdout.log", "stderr.log"
_MOST_WORDS = 200
_DAMAGE = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, RuntimeError)
"""RuntimeError: something in there is encrypted, or packed in an unknown way."""


class DamagedError(Exception):
    """The archive cannot be read; another try may bring a better one."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive says of the attempt."""

    is_ours: bool
    why: str | None = None
    """``exited``, ``cancelled`` or ``timed_out``; None if the job has not come to its end in it."""
    status: int = 0
    """The shell's: above 128 for a signal."""


def look_into(archive: Path, mark: str) -> Contents:
    """Read how an attempt ended.

    Raises:
        DamagedError: it is no complete archive.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = set(opened.namelist())
            if not any(name.startswith(f"{mark}.") for name in names):
                return Contents(is_ours=False)
            if f"{mark}.exit" not in names:
                return Contents(is_ours=True)
            with opened.open(f"{mark}.exit") as file:
                why, status = file.read(_MOST_WORDS).decode().split()
            return Contents(is_ours=True, why=why, status=int(status))
    except _DAMAGE as error:
        raise DamagedError(str(error)) from error


def unpack(archive: Path, mark: str, *, folder: Path, work_dir: Path) -> None:
    """Put what the job left in the place of what it was given, and its output beside it.

    May be repeated, also after it broke off half way.

    Raises:
        DamagedError: the archive cannot be unpacked, or must not be.
    """
    scratch, home = folder / "unpacking", home_of(mark)
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        wanted = [home, f"{mark}.out", f"{mark}.err"]
        extract(archive, scratch, include=wanted, spell=archive_name)
    except UnsafeArchiveError as error:
        raise DamagedError(str(error)) from error
    for name, end in ((STDOUT, "out"), (STDERR, "err")):
        written = scratch / f"{mark}.{end}"
        if written.exists():
            written.replace(folder / name)
    (scratch / home).mkdir(exist_ok=True)
    shutil.rmtree(work_dir, ignore_errors=True)
    (scratch / home).rename(work_dir)
    shutil.rmtree(scratch)
