"""One process per directory or file: a lock that names its holder and dies with it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from joborch.domain.errors import ConflictError


class LockedError(ConflictError):
    """Another process uses the directory or file; this one must not start."""

    code = "locked"


@contextmanager
def directory_lock(path: Path, what: str, *, of: Path | None = None) -> Iterator[None]:
    """Hold the lock file ``path`` during the block; ``what`` is said to who comes second.

    It locks its directory, or ``of`` alone.

    Raises:
        LockedError: naming the process that holds it.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 200, 0).decode(errors="replace").strip()
            raise LockedError(
                f"{of or path.parent} is in use by {holder or 'another process'}",
                hint="stop that one first, or give this one a directory of its own",
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{what}, process {os.getpid()}".encode(), 0)
        yield
    finally:
        os.close(file)


def file_lock(path: Path, what: str) -> AbstractContextManager[None]:
    """Hold a file by a lock beside it, ``<its name>.lock``, under whichever name it is given.

    Raises:
        LockedError: naming the process that holds it.
    """
    real = path.resolve()
    return directory_lock(real.with_name(f"{real.name}.lock"), what, of=real)
