"""The files of imported jobs on their way from the original's directory to the server's."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from joborch.domain.names import check_file_name, shown
from joborch.server.blobs import Blobs
from joborch.server.importing.source import RESULTS, Original
from joborch.server.store.submissions import Payload

CHUNK_BYTES = 1024 * 1024
FIRST = 1
"""The attempt that imported results belong to."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was recorded of a results archive."""

    size_bytes: int
    sha256: str


async def take_payload(original: Original, blobs: Blobs) -> tuple[Payload | None, list[str]]:
    """Copy what was uploaded; returns it, and what had to be left out, and why.

    No payload if nothing is there (any more).
    """
    staged, left_out = await blobs.stage(), []
    try:
        for path in _inputs(original.folder):
            name = path.relative_to(original.folder).as_posix()
            try:
                check_file_name(name)
            except ValueError as error:
                left_out.append(f"job {original.id}: {shown(name)} was left out: {error}")
                continue
            await staged.begin(name)
            async for chunk in _chunks(path):
                await staged.write(chunk)
            await staged.end()
        files = dict(staged.names)
        if not files:
            return None, left_out
        return Payload(id=await blobs.publish_payload(staged), files=files), left_out
    finally:
        await staged.discard()


async def take_results(original: Original, blobs: Blobs) -> Results:
    """Copy a results archive; when this returns, it is on disk for good."""
    digest, size = hashlib.sha256(), 0

    async def read() -> AsyncIterator[bytes]:
        nonlocal size
        async for chunk in _chunks(original.results):
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    begun = await blobs.incoming_bytes(original.id, FIRST)
    await blobs.receive(original.id, FIRST, offset=begun, chunks=read())
    results = Results(size_bytes=size, sha256=digest.hexdigest())
    await blobs.publish_results(
        original.id, FIRST, size_bytes=size, sha256=results.sha256, data=None
    )
    return results


def _inputs(folder: Path) -> list[Path]:
    """Return what a job was given: no links, and not the archive that came back."""
    if not folder.is_dir():
        return []
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return [path for path in found if path != folder / RESULTS]


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
