"""The entries of an archive that is being packed, and what was left out of it.

Headers are patched once an entry's size is known, instead of the size following the data: some
tools (Java's ZipInputStream, bsdtar on a pipe) refuse stored entries whose size comes later.
"""

import io
import os
import stat
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from joborch.files.names import RESERVED, archive_name, is_too_long, printable
from joborch.files.walk import open_regular, reason_of, walk

SKIPPED_NAME = f"{RESERVED}/skipped.txt"
_CHUNK_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 16
_WORTHWHILE = 0.95
_ZIP64_FROM_BYTES = 1 << 30
_DOS_FOLDER = 0x10
_FASTEST = 1
_FIRST_YEAR, _LAST_YEAR = 1980, 2107
_MOST_LISTED = 100_000

MAX_ENTRIES = 100_000
"""Files and empty folders in an archive."""
MAX_FILE_BYTES = 64 * 1024**3
"""Of one file, as it seems: holes, which take no space where it lies, take time to read."""
MAX_TOTAL_BYTES = 1024**4
"""Of all files together, before they are compressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that is not in the archive, and why; both safe to print."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a folder goes into an archive; `extra` is only bound by `max_file_bytes`."""

    max_entries: int = MAX_ENTRIES
    max_file_bytes: int = MAX_FILE_BYTES
    max_total_bytes: int = MAX_TOTAL_BYTES


class Packing:
    """One archive being written, and what was left out of it so far."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self.skipped: list[Skipped] = []
        self._archive = archive
        self._limits = limits
        self._room = limits.max_total_bytes
        self._taken: set[str] = set()
        self._unlisted = 0

    @property
    def entries(self) -> int:
        """How many there are in the archive by now."""
        return len(self._archive.filelist)

    def add_tree(self, root: Path) -> None:
        """Append what is under a folder, as far as the limits go."""
        for found in walk(root, leave_out=RESERVED, skip=self._skip):
            if self.entries >= self._limits.max_entries:
                self._skip(found.path, f"more than {self._limits.max_entries} files")
            elif found.empty is None:
                self._room -= self.add_file(
                    found.path, found.name, folder=found.folder, room=self._room
                )
            else:
                self._add_folder(found.path, found.empty)

    def add_file(
        self, path: str, name: str, *, folder: int | None = None, room: int | None = None
    ) -> int:
        """Append one file, opened as `name` in `folder`, under the name `path`; or skip it.

        Returns its size, which is at most `room`; 0 if it was skipped.
        """
        spelt = self._claim(path)
        if spelt is None:
            return 0
        try:
            descriptor = open_regular(name, folder=folder)
        except OSError as error:
            self._skip(path, reason_of(error))
            return 0
        with os.fdopen(descriptor, "rb", buffering=0) as source:
            status = os.fstat(descriptor)
            if reason := self._too_large(status.st_size, room):
                self._skip(path, reason)
                return 0
            self._copy(source, path, spelt, status)
        return status.st_size

    def add_bytes(self, path: str, content: bytes) -> None:
        """Append a file of this content."""
        if spelt := self._claim(path):
            self._append(spelt, content)

    def add_skipped_list(self) -> None:
        """Say inside the archive what is not in it."""
        if not self.skipped:
            return
        lines = [f"{skipped.name}\t{skipped.reason}\n" for skipped in self.skipped]
        if self._unlisted:
            lines.append(f"…\tand {self._unlisted} more\n")
        self._append(SKIPPED_NAME, "".join(lines).encode())

    def _append(self, spelt: str, content: bytes) -> None:
        entry = _entry(spelt, stat.S_IFREG | 0o644, time.time())
        self._archive.writestr(entry, content, zipfile.ZIP_DEFLATED)

    def _add_folder(self, path: str, status: os.stat_result) -> None:
        if spelt := self._claim(path):
            entry = _entry(spelt + "/", status.st_mode, status.st_mtime)
            entry.external_attr |= _DOS_FOLDER
            self._archive.writestr(entry, b"")

    def _too_large(self, size: int, room: int | None) -> str | None:
        most = self._limits.max_file_bytes
        if size > most:
            return f"larger than {most} bytes"
        if room is not None and size > room:
            return f"no room for it within {self._limits.max_total_bytes} bytes"
        return None

    def _copy(self, source: io.FileIO, path: str, spelt: str, status: os.stat_result) -> None:
        chunks = self._chunks(source, path, status.st_size)
        first = next(chunks, b"")
        entry = _entry(spelt, status.st_mode, status.st_mtime)
        entry.compress_type = zipfile.ZIP_DEFLATED if _shrinks(first) else zipfile.ZIP_STORED
        # A public parameter for it came with 3.13, as `compress_level`; this works in all versions.
        entry._compresslevel = _FASTEST  # type: ignore[attr-defined]
        large = status.st_size >= _ZIP64_FROM_BYTES
        with self._archive.open(entry, "w", force_zip64=large) as sink:
            sink.write(first)
            for chunk in chunks:
                sink.write(chunk)

    def _chunks(self, source: io.FileIO, path: str, size: int) -> Iterator[bytes]:
        """The first `size` bytes, or fewer; only reading is forgiven, never writing."""
        while size > 0:
            try:
                chunk = source.read(min(size, _CHUNK_BYTES))
            except OSError as error:
                self._skip(path, f"cut short: {reason_of(error)}")
                return
            if not chunk:
                return
            size -= len(chunk)
            yield chunk

    def _claim(self, path: str) -> str | None:
        """The name of `path` in the archive, which nothing else will get; None if it has none."""
        spelt = archive_name(path)
        if is_too_long(spelt):
            self._skip(path, "the name is too long")
        elif spelt in self._taken:
            self._skip(path, "another file has this name")
        else:
            self._taken.add(spelt)
            return spelt
        return None

    def _skip(self, path: str, reason: str) -> None:
        if len(self.skipped) >= _MOST_LISTED:
            self._unlisted += 1
            return
        self.skipped.append(Skipped(name=printable(path), reason=printable(reason)))


def _entry(name: str, mode: int, modified: float) -> zipfile.ZipInfo:
    year, *rest = time.gmtime(modified)[:6]
    if year < _FIRST_YEAR:
        year, rest = _FIRST_YEAR, [1, 1, 0, 0, 0]
    elif year > _LAST_YEAR:
        year, rest = _LAST_YEAR, [12, 31, 23, 59, 58]
    month, day, hour, minute, second = rest
    entry = zipfile.ZipInfo(name, (year, month, day, hour, minute, second))
    # Permission bits only: nobody gets a set-user-id program out of an archive.
    entry.external_attr = (stat.S_IFMT(mode) | mode & 0o777) << 16
    return entry


def _shrinks(chunk: bytes) -> bool:
    """Whether deflating is worth the time, judged by how a file begins."""
    sample = chunk[:_SAMPLE_BYTES]
    return len(zlib.compress(sample, _FASTEST)) < _WORTHWHILE * len(sample)
