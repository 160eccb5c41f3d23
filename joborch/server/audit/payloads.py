"""I10: what users submitted is on disk, as it was recorded, while some job may need it."""

import json
from collections.abc import Iterator
from pathlib import Path

from joborch.domain.invariants import Counts, Finding, Invariant
from joborch.server.audit.disk import Disk, Suspect
from joborch.server.audit.ledger import Ledger

RESTORE = "restore it from a copy of the data directory; without one, cancel and submit again"
STILL = "SELECT 1 FROM payloads WHERE id = ? AND removed_at IS NULL"
SHARDS = [f"{number:02x}" for number in range(256)]


def check(disk: Disk, ledger: Ledger, counts: Counts) -> Iterator[Finding]:
    """Compare rows and directories, shard by shard."""
    suspects: list[Suspect] = []
    for shard in SHARDS:
        query = "SELECT id, files FROM payloads WHERE removed_at IS NULL AND id BETWEEN ? AND ?"
        rows = dict(ledger.execute(query, (shard, f"{shard}~")).fetchall())
        counts.payloads += len(rows)
        found = disk.entries(f"payloads/{shard}")
        yield from disk.strays(found, set(rows))
        for payload_id, files in rows.items():
            fault = _fault(disk.data / "payloads" / shard / payload_id, files)
            if fault:
                finding = _finding(ledger, payload_id, fault)
                suspects.append(Suspect(finding=finding, still_recorded=STILL, key=payload_id))
    yield from disk.confirmed(ledger, suspects)
    yield from _removed_too_early(ledger)


def _fault(directory: Path, files: str) -> str:
    """Say how a payload differs from what was recorded of it; nothing if it does not."""
    if not directory.is_dir():
        return "is missing"
    recorded = {entry["name"]: entry["size"] for entry in json.loads(files)}
    stored = {
        str(path.relative_to(directory)): path.stat().st_size
        for path in directory.rglob("*")
        if not path.is_dir()
    }
    for name in sorted({*recorded, *stored}):
        if recorded.get(name) != stored.get(name):
            was, is_ = recorded.get(name, "no"), stored.get(name, "no")
            return f"has {is_} bytes in {name}, {was} recorded"
    return ""


def _finding(ledger: Ledger, payload_id: str, fault: str) -> Finding:
    first, jobs = ledger.execute(
        "SELECT min(id), count(*) FROM jobs WHERE payload_id = ? AND results_removed_at IS NULL",
        (payload_id,),
    ).fetchone()
    shared = f", shared by {jobs} jobs," if jobs > 1 else ""
    return Finding(
        invariant=Invariant.I10,
        job_id=first,
        message=f"payload {payload_id}{shared} {fault}",
        remedy=RESTORE,
    )


def _removed_too_early(ledger: Ledger) -> Iterator[Finding]:
    rows = ledger.execute(
        "SELECT j.id, p.id FROM payloads p JOIN jobs j ON j.payload_id = p.id"
        " WHERE p.removed_at IS NOT NULL AND j.results_removed_at IS NULL ORDER BY j.id"
    )
    for job_id, payload_id in rows:
        yield Finding(
            invariant=Invariant.I10,
            job_id=job_id,
            message=f"payload {payload_id} was removed before its time",
            remedy=RESTORE,
        )
