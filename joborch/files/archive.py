"""Packing a job's folder into a ZIP archive, in memory that does not grow with it.

The folder was written by a job and is not trusted: only its regular files are read, links are never
followed, and what stays out is listed inside the archive. Must not know what a job is.

Headers are patched once an entry's size is known, instead of the size following the data: some
tools (Java's ZipInputStream, bsdtar on a pipe) refuse stored entries whose size comes later. The
checksum therefore needs a second pass, over a file that mostly still is in the page cache.
"""

import hashlib
import os
import stat
import time
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from joborch.files.names import MAX_NAME_BYTES, RESERVED, archive_name, printable
from joborch.files.walk import Found, opened, walk

SKIPPED_NAME = f"{RESERVED}/skipped.txt"
_CHUNK_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 16
_WORTHWHILE = 0.95
_ZIP64_FROM_BYTES = 1 << 30
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
                packing.add_file(name, str(path), folder=None)
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
        for found in walk(root, skip=self._skip, leave_out=RESERVED):
            if found.is_folder:
                self._add_folder(found)
            else:
                self.add_file(found.path, found.name, folder=found.folder)

    def add_file(self, path: str, name: str, *, folder: int | None) -> None:
        """Append one file, opened as `name` in `folder`, under `path`; or skip it."""
        spelt = self._claim(path)
        if spelt is None:
            return
        try:
            with opened(name, folder=folder) as descriptor:
                self._copy(descriptor, spelt)
        except _SourceError as error:
            self._skip(path, f"cut short: {error}")
        except OSError as error:
            self._skip(path, error.strerror or str(error))

    def add_skipped_list(self) -> None:
        """Say inside the archive what is not in it."""
        if not self.skipped:
            return
        lines = "".join(f"{skipped.name}\t{skipped.reason}\n" for skipped in self.skipped)
        entry = zipfile.ZipInfo(SKIPPED_NAME, time.gmtime()[:6])
        entry.external_attr = (stat.S_IFREG | 0o644) << 16
        self._archive.writestr(entry, lines, zipfile.ZIP_DEFLATED)
