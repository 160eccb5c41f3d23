"""Whether a file is a whole ZIP archive: an original serves whatever lies in an archive's place."""

import zipfile
import zlib
from pathlib import Path

CHUNK_BYTES = 1024 * 1024
READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How the original's clients pack; of anything else only the heads of the entries are read."""
MOST_RATIO = 100
"""An entry that claims to unpack to more than so many bytes for each byte is not unpacked."""

_ENCRYPTED = 0x1
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError)
"""ValueError: a name that is in no encoding."""


def flaw_of(path: Path) -> str | None:
    """Say why a file is no whole ZIP archive; None if it is one.

    Everything is read once, in pieces, and unpacked to at most a hundred times its size.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _require_room(archive.infolist(), path.stat().st_size)
            for entry in archive.infolist():
                _read(archive, entry)
    except _DAMAGE as error:
        return f"it is no whole ZIP archive: {error}"
    return None


def _require_room(entries: list[zipfile.ZipInfo], size_bytes: int) -> None:
    """Every entry begins within the file, and all of them fit into it, each beside the others."""
    if any(not 0 <= entry.header_offset < size_bytes for entry in entries):
        raise zipfile.BadZipFile("an entry lies outside of it")
    if sum(entry.compress_size for entry in entries) > size_bytes:
        raise zipfile.BadZipFile("its entries overlap")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Read an entry to its end, where its checksum is compared."""
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in READ:
        return
    with archive.open(entry) as member:
        if entry.file_size > MOST_RATIO * entry.compress_size:
            return
        while member.read(CHUNK_BYTES):
            pass
