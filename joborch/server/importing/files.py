"""The files of imported jobs on their way from the original's directory to the server's."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from joborch.domain.names import check_file_name, shown
from joborch.server.blobs import Blobs
from joborch.server.importing.source import WITH_RESULTS, Original
from joborch.server.store.submissions import Payload

CHUNK_BYTES = 1024 * 1024
FIRST = 1
"""The attempt that imported results belong to."""
SCRIPT = "run.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was recorded of a results archive."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a job was given, where it lies at the original."""

    paths: dict[str, Path]
    """By name; none if nothing is there (any more)."""
    left_out: list[str]
    """What has a name that no job may have, and why not."""

    @property
    def refusal(self) -> str | None:
        """Why a job cannot be run with these, if so."""
        if not self.paths:
            return "its files are gone from the original server"
        script = self.paths.get(SCRIPT)
        return None if script and script.stat().st_size else "there is no run.sh among the files"


def inputs_of(original: Original) -> Inputs:
    """Look at what a job was given; nothing is copied."""
    paths, left_out = {}, []
    for path in _given(original):
        name = path.relative_to(original.folder).as_posix()
        try:
            check_file_name(name)
        except ValueError as error:
            left_out.append(f"job {original.id}: {shown(name)} was left out: {error}")
            continue
        paths[name] = path
    return Inputs(paths=paths, left_out=left_out)


async def take_payload(inputs: Inputs, blobs: Blobs) -> Payload | None:
    """Copy what a job was given; when this returns, it is on disk for good. None if nothing is."""
    if not inputs.paths:
        return None
    staged = await blobs.stage()
    try:
        for name, path in inputs.paths.items():
            await staged.begin(name)
            async for chunk in _chunks(path):
                await staged.write(chunk)
            await staged.end()
        files = dict(staged.names)
        return Payload(id=await blobs.publish_payload(staged), files=files)
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


def _given(original: Original) -> list[Path]:
    """Return what a job was given: no links, and not the archive that came back, if one did."""
    if not original.folder.is_dir():
        return []
    paths = sorted(original.folder.rglob("*"))
    found = (path for path in paths if path.is_file() and not path.is_symlink())
    came_back = original.results if original.status in WITH_RESULTS else None
    return [path for path in found if path != came_back]


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
