"""Bringing files home: resumed, checked, and visible only once they are whole."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from joborch.client.transport import Call, Transport
from joborch.client.upload import Progress
from joborch.domain.errors import ServerBrokenError, UnavailableError
from joborch.wire.jobs import FileView

MOST_TRIES_WITHOUT_PROGRESS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a file comes from, and what is known of it beforehand."""

    path: str
    size_bytes: int | None = None
    sha256: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    is_resumable: bool = True
    read_s: float | None = None
    """How long to wait for it, where it takes the other side a while."""


async def download(
    transport: Transport,
    source: Source,
    target: Path,
    *,
    on_progress: Progress | None = None,
) -> None:
    """Fetch a file to ``target``, which appears by rename once it is whole and checked.

    What came before a connection broke off stays in a ``.part`` file beside it, and is not
    fetched again, neither now nor by another call.

    Raises:
        ServerBrokenError: if what came is not what the server had announced; nothing is kept.
    """
    import asyncio

    part = target.with_name(f".{target.name}.{(source.sha256 or 'new')[:12]}.part")
    if not source.is_resumable:
        part.unlink(missing_ok=True)
    tries = 0
    while True:
        before = _size(part)
        try:
            await _fetch_rest(transport, source, part, on_progress)
            break
        except UnavailableError:
            tries = 0 if _size(part) > before else tries + 1
            if not source.is_resumable or tries >= MOST_TRIES_WITHOUT_PROGRESS:
                raise
    await asyncio.to_thread(_check, part, source)
    part.replace(target)


def unpack(
    archive: Path,
    into: Path,
    *,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    overwrite: bool = False,
) -> list[str]:
    """Extract an archive of results and return the names of the files.

    Raises:
        ServerBrokenError: if the archive could write outside of ``into``, or is none.
    """
    from joborch.files.archive import UnsafeArchiveError, extract  # zipfile: not for `status`

    is_new = not into.exists()
    directory = into.with_name(f".{into.name}.{os.urandom(4).hex()}") if is_new else into
    try:
        names = extract(archive, directory, include=include, exclude=exclude, overwrite=overwrite)
        if is_new:
            directory.rename(into)
    except UnsafeArchiveError as error:
        raise ServerBrokenError(
            f"{archive.name} was not unpacked: {error}", hint="the archive itself is kept"
        ) from error
    finally:
        if is_new:
            shutil.rmtree(directory, ignore_errors=True)
    return names


def is_whole(
    into: Path,
    files: Sequence[FileView],
    *,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
) -> bool:
    """Return whether all the results that are wanted are in a directory already.

    Of files whose checksums are not told nothing is known.

    Raises:
        FileExistsError: if one of them is there with other content.
    """
    from joborch.files.extract import is_wanted, require_same

    wanted = [each for each in files if is_wanted(each.name, include, exclude)]
    if not wanted or any(each.crc32 is None for each in wanted):
        return False
    here = [each for each in wanted if os.path.lexists(into / each.name)]
    for each in here:
        require_same(into / each.name, size_bytes=each.size_bytes, crc32=each.crc32 or 0)
    return len(here) == len(wanted)


async def _fetch_rest(
    transport: Transport, source: Source, part: Path, on_progress: Progress | None
) -> None:
    have = _size(part)
    if source.size_bytes is not None and have >= source.size_bytes > 0:
        return
    headers = source.headers | ({"Range": f"bytes={have}-"} if have else {})
    call = Call(
        method="GET",
        path=source.path,
        headers=headers,
        is_repeatable=source.is_resumable,
        read_s=source.read_s,
    )
    async with transport.stream(call) as response:
        have = have if response.status_code == 206 else 0
        total = source.size_bytes or have + int(response.headers.get("Content-Length", 0))
        with part.open("r+b" if have else "wb") as file:
            file.seek(have)
            async for chunk in transport.chunks(response):
                # A write goes to the page cache; a thread for each would cost more than it saves.
                have += file.write(chunk)
                if on_progress:
                    on_progress(have, total)


def _check(part: Path, source: Source) -> None:
    problem = None
    if source.size_bytes is not None and _size(part) != source.size_bytes:
        problem = f"{_size(part)} bytes came instead of {source.size_bytes}"
    elif source.sha256 is not None and sha256_of(part) != source.sha256:
        problem = "its checksum differs from the one that was announced"
    if problem:
        part.unlink(missing_ok=True)
        raise ServerBrokenError(f"{source.path} came damaged: {problem}", hint="try again")


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
