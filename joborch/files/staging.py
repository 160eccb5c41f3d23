"""An upload on its way to disk: files are written as they come, and all vanish if it fails."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from joborch.files.atomic import flush, fsync_directory

BUFFER_BYTES = 1024 * 1024
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Staged:
    """The files of one upload, below ``directory``. Names must have been checked before.

    Call ``begin``, ``write``…, ``end`` for each file, one file at a time. Before so many bytes are
    written, ``demand_room`` may object: other uploads fill the disk at the same time.
    """

    def __init__(
        self, directory: Path, *, demand_room: Callable[[int], None] = lambda coming: None
    ) -> None:
        self.directory = directory
        self._demand_room = demand_room
        self.names: dict[str, int] = {}
        """Size in bytes of each finished file, by name."""
        self._digests: dict[str, str] = {}
        self._name: str | None = None
        self._file = -1
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self._size = 0

    @property
    def size_bytes(self) -> int:
        """All finished files together."""
        return sum(self.names.values())

    async def begin(self, name: str) -> None:
        """Begin the file ``name``; its directories are made.

        Raises:
            FileExistsError: the name is taken, or part of it is a file.
        """
        path = self.directory / name
        if "/" in name:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, _CREATE, 0o600)
        self._name, self._size, self._digest = name, 0, hashlib.sha256()

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append to the file that was begun."""
        self._buffer += data
        self._size += len(data)
        if len(self._buffer) >= BUFFER_BYTES:
            await asyncio.to_thread(self._write_out)

    async def end(self) -> None:
        """Finish the file."""
        self._write_out()
        os.close(self._file)
        assert self._name is not None, "end() follows begin()"  # noqa: S101 - a caller's bug
        self.names[self._name] = self._size
        self._digests[self._name] = self._digest.hexdigest()
        self._file, self._name = -1, None

    def fingerprint(self) -> str:
        """Return a digest over all names and contents; the order of the files does not matter."""
        lines = (f"{len(name)}:{name}:{digest}" for name, digest in sorted(self._digests.items()))
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    async def discard(self) -> None:
        """Remove everything; harmless after the upload was published or discarded."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        await asyncio.to_thread(shutil.rmtree, self.directory, True)

    def flush(self) -> None:
        """Have every file and directory on disk when this returns."""
        for path in [*self.directory.rglob("*"), self.directory]:
            if path.is_dir():
                fsync_directory(path)
                continue
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                flush(file)
            finally:
                os.close(file)

    def _write_out(self) -> None:
        self._demand_room(len(self._buffer))
        self._digest.update(self._buffer)
        view = memoryview(self._buffer)
        while view:
            view = view[os.write(self._file, view) :]
        view.release()
        self._buffer.clear()
