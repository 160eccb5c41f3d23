"""Writing a file so that a reader sees the old content or the new, never a part of it.

And reading it back where somebody else may have put something in its place. Knows nothing of what
is written. Standard library only: the supervisor of a job uses it too.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

_OWNER_ONLY = 0o600
# O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
_OPEN_PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOT_PLAIN = frozenset({errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EPERM, errno.ENOTDIR})
"""What opening fails with if this is not what `write_atomic` wrote; all else is the host."""
_MOST_BYTES = 64 * 1024 * 1024


class FlushError(OSError):
    """A flush failed: what was written may be lost, and flushing again would not tell."""


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Replace `path` by `data` in one step, readable by its owner only.

    With `durable`, the content and its name survive a power cut once this returns. Raises OSError,
    after which `path` is what it was before, except when only the last flush failed: then the new
    content is in place, but might not survive a power cut.
    """
    part = path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")
    try:
        _write_new(part, data, durable=durable)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    if durable:
        fsync_directory(path.parent)


def read_plain(path: Path, *, most_bytes: int = _MOST_BYTES) -> bytes:
    """Read a file that `write_atomic` wrote, in a place where others may have put something else.

    Never waits, follows no link as the last part of `path`, and reads no more than `most_bytes`.

    Raises:
        ValueError: something is there, but it is not such a file.
        OSError: it is not there (FileNotFoundError), or the host cannot read.
    """
    try:
        descriptor = os.open(path, _OPEN_PLAIN)
    except OSError as error:
        if error.errno in _NOT_PLAIN:
            raise ValueError(f"{path.name} is not a plain file: {error.strerror}") from error
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most_bytes:
            raise ValueError(f"{path.name} is not a plain file of at most {most_bytes} bytes")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(most_bytes)
    finally:
        os.close(descriptor)


def make_way(path: Path) -> None:
    """Move a directory aside that stands where a file is to be written; OSError if it stays."""
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(path.lstat().st_mode):
            path.rename(path.with_name(f".{path.name}.{os.urandom(6).hex()}.aside"))


def publish(written: Path, final: Path) -> None:
    """Flush a file that is complete, then give it its final name, to survive a power cut.

    Raises OSError, after which it has either name.
    """
    descriptor = os.open(written, os.O_RDONLY | os.O_CLOEXEC)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)
    written.replace(final)
    fsync_directory(final.parent)


def fsync_directory(path: Path) -> None:
    """Make the names in a directory (created, renamed, removed) survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)


def flush(descriptor: int) -> None:
    """Have what was written to a file on disk; raises FlushError, and must not be tried again."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise FlushError(*error.args) from error


def _write_new(path: Path, data: bytes, *, durable: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        if durable:
            flush(file.fileno())
