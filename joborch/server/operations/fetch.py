"""Serve what a job was given and what it left."""

import asyncio
import os
import secrets
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from joborch.domain.errors import (
    AgentUnreachableError,
    FileNotInJobError,
    NotFinishedError,
    ResultsGoneError,
)
from joborch.domain.jobs import Job
from joborch.domain.states import JobState
from joborch.server.blobs import Blobs
from joborch.server.live.presence import Presence, Roll
from joborch.server.live.snapshots import Snapshots
from joborch.server.store import jobs, submissions
from joborch.server.store.database import Database
from joborch.wire.agents import SnapshotOrder
from joborch.wire.jobs import FileList, FileView

SNAPSHOT_S = 60.0
"""How long an agent may take to send the directory of a running job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An open file, to be sent and closed. Its removal meanwhile does not tear it."""

    file: BinaryIO
    size_bytes: int
    filename: str
    etag: str | None = None
    """The sha256 of all of it, where that is known."""


async def results(job_id: int, *, database: Database, blobs: Blobs) -> Served:
    """Open the ZIP that a job left.

    Raises:
        JobNotFoundError: there is no such job.
        NotFinishedError: it has not ended.
        ResultsGoneError: it left none, or retention has removed them.
    """
    job = await database.read(lambda c: jobs.find(c, job_id))
    return Served(
        file=_open_results(job, blobs),
        size_bytes=job.results_bytes or 0,
        filename=f"{job.id}.zip",
        etag=job.results_sha256,
    )


async def files(job_id: int, *, database: Database, blobs: Blobs) -> FileList:
    """List a job's inputs and, if there are any, the members of its results.

    Raises:
        JobNotFoundError: there is no such job.
    """
    job = await database.read(lambda c: jobs.find(c, job_id))
    payload = await database.read(lambda c: submissions.find_payload(c, job.payload_id))
    items = [FileView(name=n, size_bytes=s, kind="input") for n, s in payload.files.items()]
    if job.has_results:
        with suppress(ResultsGoneError):
            items += await asyncio.to_thread(_members, _open_results(job, blobs))
    return FileList(items=items)


async def one_file(
    job_id: int, kind: str, name: str, *, database: Database, blobs: Blobs
) -> Served:
    """Open one input, or one member of the results.

    Raises:
        JobNotFoundError, NotFinishedError, ResultsGoneError: as :func:`results`.
        FileNotInJobError: there is no such file.
    """
    job = await database.read(lambda c: jobs.find(c, job_id))
    if kind == "result":
        return await asyncio.to_thread(_member, job, name, _open_results(job, blobs))
    payload = await database.read(lambda c: submissions.find_payload(c, job.payload_id))
    if kind != "input" or name not in payload.files:
        raise FileNotInJobError(job_id, name)
    try:
        file = blobs.payload_file(payload.id, name).open("rb")
    except FileNotFoundError:
        raise ResultsGoneError(
            job_id, "its files were removed after the retention period"
        ) from None
    return Served(file=file, size_bytes=payload.files[name], filename=Path(name).name)


async def partial(
    job_id: int, *, database: Database, blobs: Blobs, roll: Roll, snapshots: Snapshots
) -> Served:
    """Bring a running job's directory as it is now; of a job that ended, its results.

    Raises:
        JobNotFoundError: there is no such job.
        NotFinishedError: it has not started yet, or is just ending.
        AgentUnreachableError: its agent did not answer within a minute.
    """
    job = await database.read(lambda c: jobs.find(c, job_id))
    if job.state.is_terminal:
        return await results(job_id, database=database, blobs=blobs)
    path = await _snapshot(job, _holder(job, roll), snapshots)
    if path is None:
        raise NotFinishedError(job_id, job.state.value)
    file = path.open("rb")
    path.unlink()
    size_bytes = os.fstat(file.fileno()).st_size
    return Served(file=file, size_bytes=size_bytes, filename=f"{job.id}-partial.zip")


async def foreseen_partial(
    job_id: int, *, database: Database, blobs: Blobs, roll: Roll
) -> Served | None:
    """Tell what :func:`partial` would, without an agent packing anything.

    Returns the results of a job that ended; None if a running job's directory can be asked for.

    Raises:
        JobNotFoundError, NotFinishedError, AgentUnreachableError: as :func:`partial`; an agent that
            does not answer is not noticed.
    """
    job = await database.read(lambda c: jobs.find(c, job_id))
    if job.state.is_terminal:
        return await results(job_id, database=database, blobs=blobs)
    _holder(job, roll)
    if job.state is not JobState.RUNNING:
        raise NotFinishedError(job_id, job.state.value)
    return None


def _holder(job: Job, roll: Roll) -> Presence:
    """Return the agent that has a job's directory."""
    if job.state is JobState.QUEUED:
        raise NotFinishedError(job.id, job.state.value)
    present = roll.get(job.agent_id)
    if present is None:
        raise AgentUnreachableError(f"the agent of job {job.id} has not been heard of")
    return present


async def _snapshot(job: Job, present: Presence, snapshots: Snapshots) -> Path | None:
    request_id = secrets.token_hex(8)
    with snapshots.expect(request_id, present.agent.id) as arrived:
        present.want_snapshot(
            SnapshotOrder(request_id=request_id, job_id=job.id, attempt=job.attempt)
        )
        try:
            async with asyncio.timeout(SNAPSHOT_S):
                return await arrived
        except TimeoutError:
            raise AgentUnreachableError(f"the agent of job {job.id} did not answer") from None
        finally:
            present.snapshots.pop(request_id, None)


def _open_results(job: Job, blobs: Blobs) -> BinaryIO:
    if not job.state.is_terminal:
        raise NotFinishedError(job.id, job.state.value)
    if job.results_removed_at is not None:
        raise ResultsGoneError(job.id, "they were removed after the retention period")
    if not job.has_results:
        raise ResultsGoneError(job.id, f"it is {job.state.value} and left none")
    try:
        return blobs.open_results(job.id, job.attempt)
    except FileNotFoundError:
        raise ResultsGoneError(job.id, "they were removed after the retention period") from None


def _members(file: BinaryIO) -> list[FileView]:
    with file, zipfile.ZipFile(file) as archive:
        return [
            FileView(name=e.filename, size_bytes=e.file_size, kind="result", crc32=e.CRC)
            for e in archive.infolist()
            if not e.is_dir()
        ]


def _member(job: Job, name: str, file: BinaryIO) -> Served:
    """Unpack one member; it is read as it is sent, never as a whole."""
    archive = zipfile.ZipFile(file)
    try:
        entry = archive.getinfo(name)
    except KeyError:
        file.close()
        raise FileNotInJobError(job.id, name) from None
    member = cast(BinaryIO, archive.open(entry))
    return Served(file=member, size_bytes=entry.file_size, filename=Path(name).name)
