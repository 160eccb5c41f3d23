"""What makes a ZIP archive too dangerous to unpack, judged without unpacking anything."""

import re
import stat
import zipfile
from collections.abc import Callable, Sequence

from joborch.files.names import printable

RATIO_MATTERS_FROM_BYTES = 100_000_000
"""Below this unpacked size an archive may be as compressible as it likes."""

_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_ALLOWED_TYPES = (0, stat.S_IFREG, stat.S_IFDIR)
"""Zero: the archive was not made on a Unix system."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"[A-Za-z]:")


class UnsafeArchiveError(ValueError):
    """An archive is refused; the message says which entry, and why."""


def inspect_archive(
    archive: zipfile.ZipFile,
    size_bytes: int,
    *,
    max_ratio: float,
    spell: Callable[[str], str] = str,
) -> None:
    """Raise UnsafeArchiveError unless every entry may be unpacked, under its name as spelt so.

    The sizes that are judged are those the archive declares; `zipfile` never unpacks more.
    """
    entries = archive.infolist()
    for entry in entries:
        name = spell(entry.orig_filename)
        if reason := _bad_name(name) or _bad_kind(entry):
            raise UnsafeArchiveError(f"entry {printable(name)!r} {reason}")
        entry.filename = name
    _require_distinct(entries)
    _require_disjoint(entries, archive.start_dir)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > RATIO_MATTERS_FROM_BYTES and unpacked > max_ratio * size_bytes:
        raise UnsafeArchiveError(
            f"{size_bytes} bytes would become {unpacked}, more than {max_ratio:g} for each"
        )


def _bad_name(name: str) -> str | None:
    parts = name.removesuffix("/").split("/")
    faults = {
        "has a control character in its name": _CONTROL.search(name),
        "has a backslash in its name": "\\" in name,
        "has an absolute name": name.startswith("/"),
        "names a drive": _DRIVE.match(name),
        "leads out of the folder": ".." in parts,
        "is not named by a plain path": "" in parts or "." in parts,
    }
    return next((fault for fault, is_there in faults.items() if is_there), None)


def _bad_kind(entry: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link"
    if kind not in _ALLOWED_TYPES:
        return "is a special file"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if entry.compress_type not in _METHODS:
        return f"is compressed by an unknown method, {entry.compress_type}"
    return None


def _require_distinct(entries: Sequence[zipfile.ZipInfo]) -> None:
    """No name twice, and no file where another entry needs a folder."""
    seen: set[str] = set()
    files: set[str] = set()
    for entry in entries:
        name = entry.filename.removesuffix("/")
        if name in seen:
            raise UnsafeArchiveError(f"entry {printable(name)!r} is there twice")
        seen.add(name)
        if not entry.is_dir():
            files.add(name)
    for name in seen:
        parts = name.split("/")
        if any("/".join(parts[:depth]) in files for depth in range(1, len(parts))):
            raise UnsafeArchiveError(f"entry {printable(name)!r} lies inside another file")


def _require_disjoint(entries: Sequence[zipfile.ZipInfo], end: int) -> None:
    """No two entries unpack the same bytes: that is how a small archive becomes a huge one."""
    for entry in sorted(entries, key=lambda entry: entry.header_offset, reverse=True):
        # The name is at least as long in the header; extra fields only make it longer.
        size = _LOCAL_HEADER_BYTES + len(entry.orig_filename) + entry.compress_size
        if entry.header_offset + size > end:
            raise UnsafeArchiveError(f"entry {printable(entry.filename)!r} overlaps another")
        end = entry.header_offset
