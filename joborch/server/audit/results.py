"""I5 and I10: results are on disk, bit for bit as they were recorded, as long as they are kept."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from joborch.domain.invariants import Counts, Finding, Invariant
from joborch.server.audit.disk import AT_WORK, Disk, Progress, Suspect
from joborch.server.audit.ledger import Ledger

CHUNK_BYTES = 1024 * 1024
PER_DIRECTORY = 1000
RESTORE = "restore it from a copy of the data directory; without one, submit the job again"
DISOWNED = "copy the archive if somebody needs it: retention will remove it; and report this"
MISSING = "its results are missing"
STILL = "SELECT 1 FROM jobs WHERE id = ? AND results_removed_at IS NULL"


class Record(NamedTuple):
    """What the database says of an archive that is here, or may come; named like its columns."""

    id: int
    attempt: int
    results_bytes: int
    results_sha256: str
    finished_at: int | None

    @property
    def name(self) -> str:
        """The name of the archive."""
        return f"{self.id}-{self.attempt}.zip"


def check(
    disk: Disk,
    ledger: Ledger,
    counts: Counts,
    *,
    hashes: bool = True,
    progress: Progress = lambda done, total: None,
) -> Iterator[Finding]:
    """Compare rows and archives, directory by directory."""
    suspects: list[Suspect] = []
    newest, total_bytes = ledger.execute(
        "SELECT coalesce(max(id), 0),"
        " coalesce(sum(results_bytes) FILTER (WHERE results_removed_at IS NULL), 0) FROM jobs"
    ).fetchone()
    for number in range(newest // PER_DIRECTORY + 1):
        records = _records(ledger, number)
        folder = f"results/{number:06}"
        found = [path for path in disk.entries(folder) if path.suffix == ".zip"]
        silent = _silent(ledger, number)
        yield from disk.strays(found, {record.name for record in records} | silent.keys())
        suspects += [
            _disowned(path.name, silent[path.name]) for path in found if path.name in silent
        ]
        for record in records:
            if record.finished_at is None:
                continue
            counts.archives += 1
            if fault := fault_of(disk.data / folder / record.name, record, hashes=hashes):
                suspects.append(_suspect(disk, record, fault))
                continue
            counts.hashed_bytes += record.results_bytes if hashes else 0
            progress(counts.hashed_bytes, total_bytes)
    yield from disk.confirmed(ledger, suspects)


def fault_of(archive: Path, record: Record, *, hashes: bool = True) -> str:
    """Say how an archive differs from what was recorded of it; nothing if it does not."""
    try:
        size_bytes = archive.stat().st_size
        if size_bytes != record.results_bytes:
            return f"{record.results_bytes} bytes of results recorded, {size_bytes} stored"
        if hashes and _digest(archive) != record.results_sha256:
            return "other results are stored than recorded"
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        return f"its results cannot be read: {error.strerror}"
    return ""


def _records(ledger: Ledger, number: int) -> list[Record]:
    """Return what is kept, and attempts whose results may come at any moment."""
    first = number * PER_DIRECTORY
    rows = ledger.execute(
        "SELECT id, attempt, results_bytes, results_sha256, finished_at FROM jobs"
        " WHERE id BETWEEN ? AND ? AND results_removed_at IS NULL"
        " AND (results_sha256 IS NOT NULL OR finished_at IS NULL)",
        (first, first + PER_DIRECTORY - 1),
    )
    return [Record(*row) for row in rows]


def _silent(ledger: Ledger, number: int) -> dict[str, int]:
    """Return the jobs by the archives that they may have had, and tell nothing of."""
    first = number * PER_DIRECTORY
    rows = ledger.execute(
        "SELECT id || '-' || attempt || '.zip', id FROM jobs j"
        " WHERE id BETWEEN ? AND ? AND results_removed_at IS NULL AND results_sha256 IS NULL"
        " AND (state IN ('completed', 'failed', 'timed_out') OR state = 'cancelled' AND EXISTS"
        " (SELECT 1 FROM events e WHERE e.job_id = j.id AND event = 'cancel'"
        " AND actor LIKE 'agent:%'))",
        (first, first + PER_DIRECTORY - 1),
    )
    return dict(rows.fetchall())


def _disowned(name: str, job_id: int) -> Suspect:
    """Judge an archive whose job ended as jobs with results do, and has none recorded."""
    finding = Finding(
        invariant=Invariant.I5,
        job_id=job_id,
        message=f"{name} is here, and no results are recorded",
        remedy=DISOWNED,
    )
    return Suspect(finding=finding, still_recorded=STILL, key=job_id)


def _suspect(disk: Disk, record: Record, fault: str) -> Suspect:
    """Judge a fault; retention removes files first, and may have been killed before it said so."""
    is_due = (record.finished_at or 0) <= disk.cut_off
    is_note = fault == MISSING and is_due
    finding = Finding(
        invariant=Invariant.I5,
        job_id=record.id,
        message=fault,
        remedy=AT_WORK if is_note else RESTORE,
        is_note=is_note,
    )
    return Suspect(finding=finding, still_recorded=STILL, key=record.id)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
