"""Finding the regular files of a tree that its owner may have booby-trapped.

Every name is opened relative to its folder's descriptor and without following links, so nothing
outside the tree can be reached, not even by swapping a folder for a link while we look.
"""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

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
    """A regular file or an empty folder, and how to open it while the walk stands there."""

    path: str
    """Relative to the root; bytes that are not UTF-8 are lone surrogates."""
    name: str
    folder: int
    """Descriptor of the folder it is in, open only until the walk is resumed."""
    empty: os.stat_result | None = None
    """The status of an empty folder; None for a file."""


def walk(root: str | os.PathLike[str], *, leave_out: str, skip: Skip) -> Iterator[Found]:
    """Yield what belongs into an archive, in order of name, and tell `skip` of the rest.

    `leave_out` is a path that is not looked at. A `root` that cannot be opened, or is a link, is
    itself told to `skip`, as ".".
    """
    try:
        folder = os.open(root, _OPEN_FOLDER)
    except OSError as error:
        skip(".", _no_folder(root, error))
        return
    try:
        step = _Walk(leave_out, skip)
        yield from step.entries(folder, step.names(folder, ".") or [], "", depth=0)
    finally:
        os.close(folder)


def open_regular(name: str, *, folder: int | None = None) -> int:
    """A descriptor of a regular file; OSError, saying why, when it is not one to be read."""
    descriptor = os.open(name, _OPEN_FILE, dir_fd=folder)
    if reason := objection(os.fstat(descriptor)):
        os.close(descriptor)
        raise OSError(reason)
    return descriptor


def objection(status: os.stat_result) -> str | None:
    """Why a file of this status stays out of an archive; None when it may go in.

    A hard link to another user's file would hand out what its maker perhaps could not read.
    """
    if not stat.S_ISREG(status.st_mode):
        return _KINDS.get(stat.S_IFMT(status.st_mode), "not a regular file")
    if status.st_nlink > 1 and status.st_uid != os.geteuid():
        return "a hard link to another user's file"
    return None


def reason_of(error: OSError) -> str:
    """What went wrong, without the file name that Python adds."""
    return error.strerror or str(error)


def _no_folder(root: str | os.PathLike[str], error: OSError) -> str:
    """Why a root could not be opened; of a link, the system would say that it is no directory."""
    return _KINDS[stat.S_IFLNK] if Path(root).is_symlink() else reason_of(error)


class _Walk:
    def __init__(self, leave_out: str, skip: Skip) -> None:
        self._leave_out = leave_out
        self._skip = skip

    def entries(self, folder: int, names: list[str], prefix: str, *, depth: int) -> Iterator[Found]:
        for name in sorted(names):
            path = prefix + name
            if path == self._leave_out:
                self._skip(path, "a reserved name")
            else:
                yield from self._entry(name, path, folder, depth=depth)

    def _entry(self, name: str, path: str, folder: int, *, depth: int) -> Iterator[Found]:
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            self._skip(path, reason_of(error))
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self._enter(name, path, folder, depth=depth + 1)
        elif reason := objection(status):
            self._skip(path, reason)
        else:
            yield Found(path=path, name=name, folder=folder)

    def _enter(self, name: str, path: str, parent: int, *, depth: int) -> Iterator[Found]:
        if depth > MAX_DEPTH:
            self._skip(path, f"more than {MAX_DEPTH} folders deep")
            return
        try:
            folder = os.open(name, _OPEN_FOLDER, dir_fd=parent)
        except OSError as error:
            self._skip(path, reason_of(error))
            return
        try:
            names = self.names(folder, path)
            if names:
                yield from self.entries(folder, names, path + "/", depth=depth)
            elif names is not None:
                yield Found(path=path, name=name, folder=parent, empty=os.fstat(folder))
        finally:
            os.close(folder)

    def names(self, folder: int, path: str) -> list[str] | None:
        try:
            return os.listdir(folder)
        except OSError as error:
            self._skip(path, reason_of(error))
            return None
