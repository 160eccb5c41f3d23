"""Payloads and results on the server's disk.

::

    staging/<random>/…        uploads under way; emptied at every start
    payloads/ab/<id>/…        what users submitted, shared by the jobs of a batch
    incoming/<job>-<attempt>  results on their way here, in chunks
    results/<thousand>/<job>-<attempt>.zip
    trash/…                   being removed

Whatever is published was flushed before, the directories that name it too. A name that is in
``payloads`` or ``results`` is complete.
"""

import asyncio
import hashlib
import logging
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO
from weakref import WeakValueDictionary

from joborch.domain.errors import (
    ConflictError,
    DiskFullError,
    ResultsMissingError,
    StoreFailedError,
)
from joborch.files.atomic import FlushError, flush, fsync_directory
from joborch.files.staging import Staged
from joborch.server.room import Room

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1024 * 1024


class Blobs:
    """Keeps files below ``root``, and ``reserve_bytes`` of its disk free.

    ``database`` is the directory of what is recorded of them: its disk needs the reserve as well.
    ``on_failure`` is called when a flush fails: nobody knows then what is on the disk.
    """

    def __init__(
        self,
        root: Path,
        *,
        reserve_bytes: int = 0,
        database: Path | None = None,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self.has_failed = False
        self._on_failure = on_failure
        self._root = root
        self.room = Room(files=root, database=database or root, reserve_bytes=reserve_bytes)
        self.turned_away: set[tuple[int, int]] = set()
        """Attempts whose results wait at their agents until there is room for them."""
        self._alone: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()
        for name in ("staging", "payloads", "incoming", "results", "trash"):
            (root / name).mkdir(parents=True, exist_ok=True)
        _make_shards(root / "payloads")
        fsync_directory(root)
        with suppress(PermissionError):  # then somebody else made `root`, long ago
            fsync_directory(root.parent)

    async def stage(self) -> Staged:
        """Begin an upload; writing to it may raise DiskFullError too.

        Raises:
            DiskFullError: the reserve is reached.
        """
        self.room.demand_for_work()
        directory = self.scratch()
        directory.mkdir()
        return Staged(directory, demand_room=self.room.demand_for_work)

    def scratch(self) -> Path:
        """Return a new path for something that need not survive a restart."""
        return self._root / "staging" / secrets.token_hex(8)

    async def publish_payload(self, staged: Staged) -> str:
        """Make a finished upload a payload, durably, and return its id."""
        payload_id = secrets.token_hex(16)
        await self._publish(self._publish_payload, staged, payload_id)
        return payload_id

    def payload_file(self, payload_id: str, name: str) -> Path:
        """Return where a file of a payload is."""
        return self._payload(payload_id) / name

    def has_room_of(self, payload_id: str) -> bool:
        """Whether the directory of payloads like this one is there: else a disk is missing."""
        return self._payload(payload_id).parent.is_dir()

    def remove_payload(self, payload_id: str) -> None:
        """Remove a payload; one that is gone already is no error."""
        self._remove(self._payload(payload_id))

    async def incoming_bytes(self, job_id: int, attempt: int) -> int:
        """Return how much of an attempt's results has arrived."""
        path = self._incoming(job_id, attempt)
        return path.stat().st_size if path.exists() else 0

    async def receive(
        self, job_id: int, attempt: int, *, offset: int, chunks: AsyncIterator[bytes]
    ) -> int:
        """Append chunks to an attempt's results and return how many bytes there are now.

        What arrived before a connection broke stays and can be continued from.

        Raises:
            ConflictError: ``offset`` is not where the upload stands; nothing was written.
            DiskFullError: the rest has no room at present; what arrived before it stays.
        """
        stands_at = await self.incoming_bytes(job_id, attempt)
        if offset != stands_at:
            raise ConflictError(f"the upload stands at byte {stands_at}", offset=stands_at)
        with self._incoming(job_id, attempt).open("ab", buffering=0) as file:
            async for chunk in chunks:
                self._demand_room(job_id, attempt, len(chunk))
                await asyncio.to_thread(_write_whole, file, chunk)
            return file.tell()

    def alone(self, job_id: int, attempt: int) -> asyncio.Lock:
        """Return what is held from looking at an attempt until its results are recorded.

        Its agent may report it twice at a time, after a restart in other bytes than before.
        """
        return self._alone.setdefault((job_id, attempt), asyncio.Lock())

    async def publish_results(
        self, job_id: int, attempt: int, *, size_bytes: int, sha256: str, data: bytes | None
    ) -> None:
        """Make an attempt's results final, durably: ``data``, or what was received before.

        Raises:
            ResultsMissingError: they are not here as announced; nothing was published.
            DiskFullError: ``data`` has no room at present; nothing was published.
        """
        if data is not None:
            self._demand_room(job_id, attempt, len(data))
        await self._publish(self._publish_results, job_id, attempt, (size_bytes, sha256), data)

    def open_results(self, job_id: int, attempt: int) -> BinaryIO:
        """Open an attempt's results; they stay readable even if they are removed meanwhile."""
        return self._results(job_id, attempt).open("rb")

    def with_results(self, attempts: Iterable[tuple[int, int]]) -> list[str]:
        """Return the names of the archives that are here, of these jobs and attempts."""
        paths = (self._results(job_id, attempt) for job_id, attempt in attempts)
        return [path.name for path in paths if path.exists()]

    def remove_results(self, job_id: int, attempt: int) -> None:
        """Remove an attempt's results and what was received of them, if there are any."""
        self.turned_away.discard((job_id, attempt))
        self._remove(self._results(job_id, attempt))
        self._remove(self._incoming(job_id, attempt))

    def sweep(self, payload_ids: set[str], unfinished: set[str], kept: set[str]) -> int:
        """Remove what an earlier process left half done; to be called before requests come.

        ``payload_ids`` are those that some job may need; ``unfinished`` and ``kept`` the attempts,
        as ``JOB-ATTEMPT``, whose results may still come, and whose results are recorded. Returns
        how many things were removed.
        """
        orphans = [*(self._root / "staging").iterdir(), *(self._root / "trash").iterdir()]
        incoming = (self._root / "incoming").iterdir()
        orphans += [path for path in incoming if path.name not in unfinished]
        orphans += self._strays("payloads", payload_ids)
        orphans += self._strays("results", unfinished | kept, suffix=".zip")
        for path in orphans:
            self._remove(path)
        return len(orphans)

    def _demand_room(self, job_id: int, attempt: int, size_bytes: int) -> None:
        """Refuse results that have no room at present, and note whose they are."""
        try:
            self.room.demand_for_results(size_bytes)
        except DiskFullError:
            if (job_id, attempt) not in self.turned_away:
                logger.warning("no room for results", extra={"job_id": job_id, "attempt": attempt})
            self.turned_away.add((job_id, attempt))
            raise
        self.turned_away.discard((job_id, attempt))

    async def _publish(self, work: Callable[..., None], *args: object) -> None:
        """Run ``work`` in a thread; a flush that fails is not tried again, but ends the server."""
        try:
            await asyncio.to_thread(work, *args)
        except FlushError as error:
            logger.exception("files could not be flushed")
            self.has_failed = True
            self._on_failure()
            raise StoreFailedError("the disk could not be written") from error

    def _strays(self, room: str, known: set[str], *, suffix: str = "") -> list[Path]:
        """Return what is in a room's directories and not known; made for very many files."""
        found: list[Path] = []
        for folder in filter(Path.is_dir, (self._root / room).iterdir()):
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if entry.name.endswith(suffix)]
            found += [folder / name for name in names if name.removesuffix(suffix) not in known]
        return found

    def _publish_payload(self, staged: Staged, payload_id: str) -> None:
        staged.flush()
        target = self._payload(payload_id)
        staged.directory.rename(target)
        try:
            fsync_directory(target.parent)
        except OSError:
            self._remove(target)  # no job will have it
            raise

    def _publish_results(
        self, job_id: int, attempt: int, expected: tuple[int, str], data: bytes | None
    ) -> None:
        source = self._incoming(job_id, attempt)
        if data is not None:
            source.write_bytes(data)
        try:
            found = _size_and_digest(source)
        except FlushError:
            source.unlink()  # the next process must not find it, and flush it with success
            raise
        if found != expected:
            source.unlink(missing_ok=True)
            raise ResultsMissingError(
                f"results of job {job_id}: {found[0]} bytes with sha256 {found[1]} arrived,"
                f" {expected[0]} with {expected[1]} were announced"
            )
        target = self._results(job_id, attempt)
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            fsync_directory(target.parent.parent)
        source.rename(target)
        fsync_directory(target.parent)

    def _payload(self, payload_id: str) -> Path:
        return self._root / "payloads" / payload_id[:2] / payload_id

    def _incoming(self, job_id: int, attempt: int) -> Path:
        return self._root / "incoming" / f"{job_id}-{attempt}"

    def _results(self, job_id: int, attempt: int) -> Path:
        return self._root / "results" / f"{job_id // 1000:06}" / f"{job_id}-{attempt}.zip"

    def _remove(self, path: Path) -> None:
        """Take a file or directory out of sight at once, then delete it."""
        doomed = self._root / "trash" / secrets.token_hex(8)
        try:
            path.rename(doomed)
        except FileNotFoundError:
            return
        if doomed.is_dir():
            shutil.rmtree(doomed)
        else:
            doomed.unlink()


def _make_shards(payloads: Path) -> None:
    """Make the directories that payloads are spread over, so that no submission has to."""
    for number in range(256):
        (payloads / f"{number:02x}").mkdir(exist_ok=True)
    fsync_directory(payloads)


def _write_whole(file: RawIOBase, data: bytes) -> None:
    """Write all of it: on a disk that is almost full, one write may take a part only."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) or 0 :]


def _size_and_digest(path: Path) -> tuple[int, str]:
    """Flush a file and return its size and digest; one that never came counts as empty."""
    digest = hashlib.sha256()
    size = 0
    path.touch()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
        flush(file.fileno())
    return size, digest.hexdigest()
