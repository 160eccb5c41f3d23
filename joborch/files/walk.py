"""Finding the regular files of a tree that its owner may have booby-trapped.

Every name is opened relative to its folder's descriptor and without following links, so nothing
outside the tree can be reached, not even by swapping a folder for a link while we look.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MAX_DEPTH = 100
"""Folders inside folders; each level holds a descriptor open while it is walked."""

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

Skip = Callable[[str, str], None]
"""Told of the path and the reason of whatever is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A regular file, or an empty folder, and how to open it while the walk stands there."""

    path: str
    """Relative to the root; bytes that are not UTF-8 as lone surrogates."""
    name: str
    folder: int
    """Descriptor of the folder it is in, open only until the walk is resumed."""
    is_folder: bool
    status: os.stat_result


def walk(root: str | os.PathLike[str], *, skip: Skip) -> Iterator[Found]:
    """Yield what belongs into an archive, in order of name, and tell `skip` of the rest."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield from _walk_folder(descriptor, "", depth=0, skip=skip)
    finally:
        os.close(descriptor)


@contextmanager
def opened(name: str, *, folder: int | None = None) -> Iterator[int]:
    """A descriptor of a regular file; OSError, saying why, when it is not one we may read."""
    descriptor = os.open(name, _OPEN_FILE, dir_fd=folder)
    try:
        if reason := objection(os.fstat(descriptor)):
            raise OSError(reason)
        yield descriptor
    finally:
        os.close(descriptor)


def objection(status: os.stat_result) -> str | None:
    """Why a file of this status stays out of an archive; None when it may go in.

    A hard link to another user's file would hand out what its maker perhaps could not read.
    """
    if not stat.S_ISREG(status.st_mode):
        return _KINDS.get(stat.S_IFMT(status.st_mode), "not a regular file")
    if status.st_nlink > 1 and status.st_uid != os.geteuid():
        return "a hard link to another user's file"
    return None


def _walk_folder(folder: int, prefix: str, *, depth: int, skip: Skip) -> Iterator[Found]:
    for name in sorted(os.listdir(folder)):
        path = prefix + name
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            skip(path, error.strerror or str(error))
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _enter(name, path, folder, status, depth=depth + 1, skip=skip)
        elif reason := objection(status):
            skip(path, reason)
        else:
            yield Found(path=path, name=name, folder=folder, is_folder=False, status=status)


def _enter(
    name: str, path: str, parent: int, status: os.stat_result, *, depth: int, skip: Skip
) -> Iterator[Found]:
    if depth > MAX_DEPTH:
        skip(path, f"more than {MAX_DEPTH} folders deep")
        return
    try:
        folder = os.open(name, _OPEN_FOLDER, dir_fd=parent)
    except OSError as error:
        skip(path, error.strerror or str(error))
        return
    try:
        if os.listdir(folder):
            yield from _walk_folder(folder, path + "/", depth=depth, skip=skip)
        else:
            yield Found(path=path, name=name, folder=parent, is_folder=True, status=status)
    finally:
        os.close(folder)
