"""Packing a job's folder into a ZIP archive, in memory that does not grow with it.

The folder was written by a job and is not trusted: only its regular files are read, links are never
followed, and what stays out is listed inside the archive. Must not know what a job is.

Headers are patched once an entry's size is known, instead of the size following the data: some
tools (Java's ZipInputStream, bsdtar on a pipe) refuse stored entries whose size comes later. The
checksum therefore needs a second pass, over a file that mostly still is in the page cache.
"""

import hashlib
import io
import os
import stat
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

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
_NO_EXTRA: Mapping[str, Path] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that is not in the archive, and why; both safe to print."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedArchive:
    """What `pack` wrote."""

    entries: int
    """Files and empty folders, with everything in the reserved folder."""
    size_bytes: int
    sha256: str
    """In hexadecimal, over the whole archive."""
    skipped: tuple[Skipped, ...]


def pack(root: Path, target: Path, *, extra: Mapping[str, Path] = _NO_EXTRA) -> PackedArchive:
    """Write the regular files and empty folders under `root` to the ZIP archive `target`.

    `extra` adds files from elsewhere, by their name in the archive, after those of `root`. What
    cannot or must not go in is skipped, never an error, and listed in `.joborch/skipped.txt`.
    A file that grows meanwhile is cut at the size it had when opened. `target` appears by rename,
    complete; on an exception (`root` unreadable, no space left) it has not been touched.
    """
    part = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(part, "w") as archive:
            packing = _Packing(archive)
            packing.add_tree(root)
            for name, path in extra.items():
                packing.add_file(name, str(path))
            packing.add_skipped_list()
            entries = len(archive.filelist)
        with part.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        size = part.stat().st_size
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return PackedArchive(
        entries=entries, size_bytes=size, sha256=digest, skipped=tuple(packing.skipped)
    )


class _Packing:
    """One archive being written, and what was left out of it so far."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.skipped: list[Skipped] = []
        self._archive = archive
        self._taken: set[str] = set()

    def add_tree(self, root: Path) -> None:
        for found in walk(root, leave_out=RESERVED, skip=self._skip):
            if found.empty is None:
                self.add_file(found.path, found.name, folder=found.folder)
            else:
                self._add_folder(found.path, found.empty)

    def add_file(self, path: str, name: str, *, folder: int | None = None) -> None:
        """Append one file, opened as `name` in `folder`, under the name `path`; or skip it."""
        spelt = self._claim(path)
        if spelt is None:
            return
        try:
            descriptor = open_regular(name, folder=folder)
        except OSError as error:
            self._skip(path, reason_of(error))
            return
        with os.fdopen(descriptor, "rb", buffering=0) as source:
            self._copy(source, path, spelt)

    def add_skipped_list(self) -> None:
        """Say inside the archive what is not in it."""
        if not self.skipped:
            return
        lines = "".join(f"{skipped.name}\t{skipped.reason}\n" for skipped in self.skipped)
        entry = _entry(SKIPPED_NAME, stat.S_IFREG | 0o644, time.time())
        self._archive.writestr(entry, lines, zipfile.ZIP_DEFLATED)

    def _add_folder(self, path: str, status: os.stat_result) -> None:
        if spelt := self._claim(path):
            entry = _entry(spelt + "/", status.st_mode, status.st_mtime)
            entry.external_attr |= _DOS_FOLDER
            self._archive.writestr(entry, b"")

    def _copy(self, source: io.FileIO, path: str, spelt: str) -> None:
        status = os.fstat(source.fileno())
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
