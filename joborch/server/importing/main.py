"""Composition root of ``joborch import``: an original server's jobs become ours."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from joborch.domain.errors import ConflictError, RequestError
from joborch.domain.states import JobState
from joborch.process.clock import Clock
from joborch.process.lock import directory_lock, file_lock
from joborch.server.belonging import demand_own_files
from joborch.server.blobs import Blobs
from joborch.server.importing import files
from joborch.server.importing.files import Results
from joborch.server.importing.finds import Find, look
from joborch.server.importing.lives import Life, life_of
from joborch.server.importing.source import Original, Source, read_source
from joborch.server.store import imports, schema
from joborch.server.store.database import Database, Transaction
from joborch.server.store.submissions import Payload

MAX_ATTEMPTS = 3
WAITING = frozenset({"queued", "pending"})
NO_FILES = "0" * 32
"""The payload of jobs whose files are gone."""

Progress = Callable[[int, int], None]


class NoPlaceError(RequestError):
    """Nothing can be imported into that; nothing was imported."""

    code = "no_place"


class NotEmptyError(ConflictError):
    """There are jobs already; nothing was imported."""

    code = "not_empty"


@dataclass(slots=True)
class Imported:
    """What was taken over, or would be."""

    states: Counter[str] = field(default_factory=Counter)
    services: set[str] = field(default_factory=set)
    requeued: int = 0
    """Of the queued ones, those that were at a client; they begin anew."""
    results: int = 0
    left_out: list[str] = field(default_factory=list)

    @property
    def jobs(self) -> int:
        """How many."""
        return self.states.total()

    def count(self, original: Original, find: Find, state: JobState) -> None:
        """Add a job that becomes ``state``."""
        self.states[state.value] += 1
        self.services.add(original.service)
        begins_anew = state is JobState.QUEUED and original.status not in WAITING
        self.requeued += begins_anew
        self.results += find.results is not None
        self.left_out += find.left_out


def main(*, database: Path, data: Path, into: Path, is_trial: bool, progress: Progress) -> Imported:
    """Import all jobs; they are there once this returns, or none of them is.

    The source is only read. Its server should not run: what it does meanwhile is not seen.

    Raises:
        NoSourceError, SourceError: there is nothing to import from.
        NoPlaceError: ``into`` is no directory, and cannot become one; or it and the source's are
            one inside the other.
        NotEmptyError: ``into`` has jobs: imported before, or its own.
        StrangeDatabaseError: it has files of jobs, whose database is elsewhere.
        LockedError: a server uses ``into``.
        StoreFailedError: the disk failed; nothing was imported.
    """
    source = read_source(database, data)
    _demand_place(into)
    _demand_apart(into, data)
    if is_trial:
        return _foreseen(source, progress)
    into.mkdir(parents=True, exist_ok=True)
    path, who = into / "joborch.db", "joborch import"
    with directory_lock(into / "server.lock", who):
        demand_own_files(path, into)
        # A server whose files are elsewhere may use the database.
        with file_lock(path, who):
            schema.prepare(path)
            return asyncio.run(_import(source, path, into, progress))


async def _import(source: Source, path: Path, into: Path, progress: Progress) -> Imported:
    store = Database(path)
    try:
        if await store.read(imports.count_jobs):
            raise NotEmptyError(
                f"{into} has jobs already",
                hint="import into a directory that does not exist yet: --into DIR",
            )
        taking = _Taking(source, Blobs(into), clock=Clock())
        for done, original in enumerate(source.jobs, 1):
            await taking.take(original)
            progress(done, len(source.jobs))
        await store.write(taking.store)
        return taking.imported
    finally:
        await store.close()


class _Taking:
    """One import: files go to their places first, then all rows in one transaction.

    If it breaks off before, the files belong to nobody, and the next start sweeps them away.
    """

    def __init__(self, source: Source, blobs: Blobs, *, clock: Clock) -> None:
        self.imported = Imported()
        self._source = source
        self._blobs = blobs
        self._now = clock.now()
        self._payloads: list[Payload] = []
        self._lives: list[tuple[Life, Results | None, bool]] = []

    async def take(self, original: Original) -> None:
        """Copy a job's files and work out what it is to be."""
        find = await asyncio.to_thread(look, original, self._source.data)
        payload = await files.take_payload(find.inputs, self._blobs)
        results = None
        if find.results:
            results = await files.take_results(original.id, find.results, self._blobs)
        if payload:
            self._payloads.append(payload)
        life = _life(original, find, payload_id=payload.id if payload else NO_FILES)
        is_removed = life.job.state is JobState.COMPLETED and results is None
        self._lives.append((life, results, is_removed))
        self.imported.count(original, find, life.job.state)

    def store(self, transaction: Transaction) -> None:
        """Store everything."""
        imports.add_payloads(transaction, self._payloads, gone=NO_FILES, at=self._now)
        for life, results, is_removed in self._lives:
            imports.add_life(
                transaction,
                life.job,
                life.changes,
                results=(results.size_bytes, results.sha256) if results else None,
                removed_at=self._now if is_removed else None,
            )
        imports.reserve_ids(transaction, up_to=self._source.last_id)


def _foreseen(source: Source, progress: Progress) -> Imported:
    foreseen = Imported()
    for done, original in enumerate(source.jobs, 1):
        find = look(original, source.data)
        life = _life(original, find, payload_id=NO_FILES)
        foreseen.count(original, find, life.job.state)
        progress(done, len(source.jobs))
    return foreseen


def _life(original: Original, find: Find, *, payload_id: str) -> Life:
    return life_of(
        original,
        payload_id=payload_id,
        refused=find.refusal,
        max_attempts=MAX_ATTEMPTS,
        at=_ended_at(original, find),
    )


def _demand_place(into: Path) -> None:
    """Make sure that ``into`` is a directory, or that all there is of its path are directories."""
    there = next(path for path in (into, *into.absolute().parents) if os.path.lexists(path))
    if not there.is_dir():
        hint = "name a directory, best one that does not exist yet: --into DIR"
        raise NoPlaceError(f"{there} is no directory; nothing was imported", hint=hint)


def _demand_apart(into: Path, data: Path) -> None:
    """Make sure that nothing of ours gets among the source's files, nor the other way round."""
    ours, theirs = into.resolve(), data.resolve()
    if ours.is_relative_to(theirs) or theirs.is_relative_to(ours):
        raise NoPlaceError(
            f"{into} and the original's {data} are one inside the other; nothing was imported",
            hint="name a directory of joborch's own: --into DIR",
        )


def _ended_at(original: Original, find: Find) -> datetime:
    """Return when it ended, as well as can be told: results were written then."""
    if find.results is None:
        return original.created_at
    written = datetime.fromtimestamp(find.results.stat().st_mtime, UTC)
    return max(written, original.created_at)
