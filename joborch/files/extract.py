"""Unpacking a ZIP archive that came from somebody else.

What could write outside the destination, or fill the disk from a few bytes, is refused as a whole:
the archive is looked through first, and a bad name is never silently turned into a good one.
"""

import fnmatch
import functools
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from joborch.files.inspection import UnsafeArchiveError, inspect_archive
from joborch.files.names import printable

__all__ = ["MAX_RATIO", "UnsafeArchiveError", "extract", "is_wanted", "require_same"]

MAX_RATIO = 1000
"""Bytes unpacked for each byte packed; deflate cannot do much better than this."""

_CHUNK_BYTES = 1 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


def extract(
    archive: Path,
    into: Path,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    overwrite: bool = False,
    max_ratio: float = MAX_RATIO,
    max_bytes: int | None = None,
    spell: Callable[[str], str] = str,
) -> list[str]:
    """Unpack an archive into a folder and return the names of the files written.

    What is there already with the same content is left alone, unless `overwrite` is on.

    `include` and `exclude` are patterns as in a shell (`*` also matches `/`) or names of folders;
    without `include`, everything is taken. `max_bytes` limits the unpacked size of what is taken.
    `spell` makes names that can be accepted of those that the archive has, such as `archive_name`.

    Raises:
        UnsafeArchiveError: the archive must not be unpacked, and nothing was; or an entry turned
            out to be damaged, and those before it were written whole.
        FileExistsError: a file of other content is in the way and `overwrite` is off; nothing was
            written.
        OSError: the archive cannot be read, or the folder not be written.
    """
    try:
        with zipfile.ZipFile(archive) as source:
            inspect_archive(source, archive.stat().st_size, max_ratio=max_ratio, spell=spell)
            entries = [e for e in source.infolist() if is_wanted(e.filename, include, exclude)]
            _require_room(entries, max_bytes)
            missing = [e for e in entries if _is_to_be_written(into, e, overwrite=overwrite)]
            return _write(source, missing, into)
    except _DAMAGE as error:
        raise UnsafeArchiveError(f"the archive is damaged: {printable(str(error))}") from error


def is_wanted(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether :func:`extract` would take a file of this name."""
    if include and not _matches(name, include):
        return False
    return not _matches(name, exclude)


def require_same(target: Path, *, size_bytes: int, crc32: int) -> None:
    """Raise ``FileExistsError`` unless what is there has this content."""
    if not _has_content(target, size_bytes=size_bytes, crc32=crc32):
        raise FileExistsError(f"{target} exists already, with other content")


def _has_content(path: Path, *, size_bytes: int, crc32: int) -> bool:
    """Whether this is a file, and no link to one, with that content."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size != size_bytes:
        return False
    with path.open("rb") as file:
        chunks = iter(lambda: file.read(_CHUNK_BYTES), b"")
        return functools.reduce(lambda crc, chunk: zlib.crc32(chunk, crc), chunks, 0) == crc32


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(
        fnmatch.fnmatchcase(name, pattern) or name.startswith(pattern.rstrip("/") + "/")
        for pattern in patterns
    )


def _require_room(entries: Sequence[zipfile.ZipInfo], max_bytes: int | None) -> None:
    size = sum(entry.file_size for entry in entries)
    if max_bytes is not None and size > max_bytes:
        raise UnsafeArchiveError(f"unpacked it would be {size} bytes; {max_bytes} are allowed")


def _is_to_be_written(into: Path, entry: zipfile.ZipInfo, *, overwrite: bool) -> bool:
    """Refuse what is in the way, and to write through links that lie in the destination."""
    target = into / entry.filename
    above = list(target.relative_to(into).parents)[:-1]
    for folder in [into / parent for parent in above] + ([target] if entry.is_dir() else []):
        if os.path.lexists(folder) and not stat.S_ISDIR(folder.lstat().st_mode):
            raise FileExistsError(f"{folder} is in the way: it is not a folder")
    if entry.is_dir() or not os.path.lexists(target):
        return True
    if stat.S_ISDIR(target.lstat().st_mode):
        raise FileExistsError(f"{target} is in the way: it is a folder")
    if overwrite:
        return True
    require_same(target, size_bytes=entry.file_size, crc32=entry.CRC)
    return False


def _write(source: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], into: Path) -> list[str]:
    written = []
    into.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        target = into / entry.filename
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_file(source, entry, target)
            written.append(entry.filename)
    return written


def _write_file(source: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Write one file, which appears once it is whole and its checksum verified."""
    part = target.with_name(f".{os.urandom(8).hex()}.part")
    mode = 0o777 if (entry.external_attr >> 16) & stat.S_IXUSR else 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(part, flags, mode), "wb") as sink:
        try:
            with source.open(entry) as content:
                shutil.copyfileobj(content, sink, _CHUNK_BYTES)
        except BaseException:
            part.unlink()
            raise
    part.replace(target)
