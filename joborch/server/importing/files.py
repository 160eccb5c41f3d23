"""The files of imported jobs on their way from the original's directory to the server's."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from joborch.server.blobs import Blobs
from joborch.server.store.submissions import Payload

CHUNK_BYTES = 1024 * 1024
FIRST = 1
"""The attempt that imported results belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was recorded of a results archive."""

    size_bytes: int
    sha256: str


async def take_payload(inputs: Mapping[str, Path], blobs: Blobs) -> Payload | None:
    """Copy what a job was given; when this returns, it is on disk for good. None if nothing is."""
    if not inputs:
        return None
    staged = await blobs.stage()
    try:
        for name, path in inputs.items():
            await staged.begin(name)
            async for chunk in _chunks(path):
                await staged.write(chunk)
            await staged.end()
        files = dict(staged.names)
        return Payload(id=await blobs.publish_payload(staged), files=files)
    finally:
        await staged.discard()


async def take_results(job_id: int, archive: Path, blobs: Blobs) -> Results:
    """Copy a job's results archive; when this returns, it is on disk for good."""
    digest, size = hashlib.sha256(), 0

    async def read() -> AsyncIterator[bytes]:
        nonlocal size
        async for chunk in _chunks(archive):
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    begun = await blobs.incoming_bytes(job_id, FIRST)
    await blobs.receive(job_id, FIRST, offset=begun, chunks=read())
    results = Results(size_bytes=size, sha256=digest.hexdigest())
    await blobs.publish_results(job_id, FIRST, size_bytes=size, sha256=results.sha256, data=None)
    return results


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
