"""Packing a job's folder into a ZIP archive, in memory that does not grow with it.

The folder was written by a job and is not trusted: only its regular files are read, links are never
followed, and what stays out is listed inside the archive. Nor is the folder that the archive goes
to: what somebody put in its place is not written through. Must not know what a job is.

The checksum needs a second pass, since headers are patched behind what was written; it goes over a
file that mostly still is in the page cache.
"""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from joborch.files.atomic import make_way
from joborch.files.packing import Limits, Packing, Skipped

_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_EXTRA: Mapping[str, Path | bytes] = MappingProxyType({})
_USUAL = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedArchive:
    """What `pack` wrote."""

    entries: int
    """Files and empty folders, with everything in the reserved folder."""
    size_bytes: int
    sha256: str
    """In hexadecimal, over the whole archive."""
    skipped: tuple[Skipped, ...]
    """The first 100,000."""


def pack(
    root: Path,
    target: Path,
    *,
    extra: Mapping[str, Path | bytes] = _NO_EXTRA,
    limits: Limits = _USUAL,
) -> PackedArchive:
    """Write the regular files and empty folders under `root` to the ZIP archive `target`.

    `extra` adds files from elsewhere, or their content, by their name in the archive, after those
    of `root`. What cannot or must not go in is skipped, never an error, and listed in
    `.joborch/skipped.txt`; `root` itself, if it is missing or no folder, as ".". So is what goes
    beyond the `limits`. A file that grows meanwhile is cut at the size it had when opened.

    `target` appears by rename, complete, and whatever was there is gone. Raises OSError only if
    the archive cannot be written (no space left, its folder is gone); then it was not touched.
    """
    _remove_leftovers(target)
    part = target.with_name(f".{target.name}.{os.urandom(8).hex()}.part")
    written = os.fdopen(os.open(part, _NEW_FILE, 0o600), "w+b")
    try:
        with written:
            packing = _write(written, root, extra, limits)
            written.seek(0)
            digest = hashlib.file_digest(written, "sha256").hexdigest()
            size = os.fstat(written.fileno()).st_size
        make_way(target)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return PackedArchive(
        entries=packing.entries, size_bytes=size, sha256=digest, skipped=tuple(packing.skipped)
    )


def _remove_leftovers(target: Path) -> None:
    """Remove what a process that was killed while packing has left."""
    for part in target.parent.glob(f".{target.name}.*.part"):
        with suppress(OSError):
            part.unlink()


def _write(
    sink: BinaryIO, root: Path, extra: Mapping[str, Path | bytes], limits: Limits
) -> Packing:
    with zipfile.ZipFile(sink, "w") as archive:
        packing = Packing(archive, limits)
        packing.add_tree(root)
        for name, content in extra.items():
            if isinstance(content, bytes):
                packing.add_bytes(name, content)
            else:
                packing.add_file(name, str(content))
        packing.add_skipped_list()
    return packing
