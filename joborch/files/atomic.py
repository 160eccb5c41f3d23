"""Writing a file so that a reader sees the old content or the new, never a part of it.

Knows nothing of what is written. Standard library only: the supervisor of a job uses it too.
"""

import os
from contextlib import suppress
from pathlib import Path

_OWNER_ONLY = 0o600


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


def fsync_directory(path: Path) -> None:
    """Make the names in a directory (created, renamed, removed) survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_new(path: Path, data: bytes, *, durable: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        if durable:
            os.fsync(file.fileno())
