"""Removing a directory that a job has made a mess of.

However deep the job has nested its folders, no path here is longer than two names and no more than
three descriptors are open: folders found inside others are first moved up to the top.
"""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

logger = logging.getLogger(__name__)

_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def remove_tree(folder: Path) -> None:
    """Remove a directory with all it contains, links not followed.

    Never raises: what resists is left and logged, and removed when somebody tries again.
    """
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            folder.unlink()
            return
        with _opened(folder) as top:
            _flatten(top)
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        fields = {"folder": folder.name, "error": error.strerror or str(error)}
        logger.warning("directory not removed", extra=fields)


def _flatten(top: int) -> None:
    """Empty a directory, one folder of it at a time; each may bring new ones up to here."""
    waiting = _sweep(top, top)
    while waiting:
        name = waiting.pop()
        with suppress(OSError):
            with _opened(name, within=top) as folder:
                waiting += _sweep(folder, top)
            os.rmdir(name, dir_fd=top)


def _sweep(folder: int, top: int) -> list[str]:
    """Unlink a folder's files and move its folders up; returns what those are called there."""
    raised = []
    for name in os.listdir(folder):
        with suppress(OSError):
            if not _is_folder(name, folder):
                os.unlink(name, dir_fd=folder)
            else:
                raised.append(_raise(name, folder, top))
    return raised


def _raise(name: str, folder: int, top: int) -> str:
    """Move a folder up, under a name that nothing else can have."""
    # Moving a folder changes its `..`, for which it has to be writable itself.
    with _opened(name, within=folder):
        higher = os.urandom(8).hex()
        os.rename(name, higher, src_dir_fd=folder, dst_dir_fd=top)
        return higher


def _is_folder(name: str, folder: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


@contextmanager
def _opened(name: str | Path, *, within: int | None = None) -> Iterator[int]:
    """Open a folder, made accessible before if it was not."""
    handle = os.open(name, _LOOK, dir_fd=within)
    try:
        with suppress(OSError):
            # Through the descriptor, as there is no way to change the mode and follow no link.
            Path(f"/proc/self/fd/{handle}").chmod(stat.S_IRWXU)
        folder = os.open(".", _LIST, dir_fd=handle)
    finally:
        os.close(handle)
    try:
        yield folder
    finally:
        os.close(folder)
