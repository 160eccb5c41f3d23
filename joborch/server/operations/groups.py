"""Count jobs by what they have in common: so many failures are only so many causes.

A column is counted by the database. How a job failed is read from the end of its logs, which takes
a while: only of the newest jobs, in a thread, for so many seconds, and once.
"""

import asyncio
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from joborch.domain.jobs import Job
from joborch.domain.signatures import Signature, signature_of
from joborch.domain.states import BAD
from joborch.files.names import RESERVED
from joborch.process.clock import Clock
from joborch.server.blobs import Blobs
from joborch.server.live.signatures import Attempt, Signatures
from joborch.server.operations import query
from joborch.server.operations.query import JobQuery
from joborch.server.store import agents, groups, listing
from joborch.server.store.database import Connection, Database
from joborch.server.store.groups import Count
from joborch.wire.groups import JobGroup, JobGroups
from joborch.wire.jobs import batch_name

KINDS = (*groups.KEYS, "signature")
MOST_GROUPS = 1000
MOST_EXAMINED = 2000
"""Of so many failed jobs, the newest, logs are read."""
LONGEST_S = 10.0
"""For so long logs are read for one answer; the next one goes on from there."""
PORTION = 25
"""So many jobs' logs are read without looking at the time."""
TAIL_BYTES = 8 * 1024
MOST_LOG_BYTES = 16 * 2**20
"""A longer log is not read, as all of it would have to be unpacked for its end."""
NONE = "none"


async def grouped(
    by: str,
    wanted: JobQuery,
    *,
    database: Database,
    blobs: Blobs,
    signatures: Signatures,
    clock: Clock,
) -> JobGroups:
    """Return the groups of the jobs that match, at most the thousand largest.

    Only jobs that failed, timed out, were lost or invalid have signatures.
    """
    if by != "signature":
        return await database.read(lambda c: _counted(c, by, wanted))
    states = wanted.states & BAD if wanted.states else BAD
    failed = replace(wanted, states=states, sort="-id", limit=MOST_EXAMINED)
    newest, total = await database.read(lambda c: _newest(c, failed)) if states else ([], 0)
    found = await _signatures(newest, blobs=blobs, signatures=signatures, clock=clock)
    items = _of_signatures(newest, found)
    return JobGroups(by=by, items=items, total=total, examined=sum(item.count for item in items))


def _counted(connection: Connection, by: str, wanted: JobQuery) -> JobGroups:
    named = query.with_agent_ids(connection, wanted)
    names = agents.names(connection) if by == "agent" else {}
    items = [
        _group(each, by, names) for each in groups.counts(connection, by, named, limit=MOST_GROUPS)
    ]
    total = groups.total(connection, named)
    return JobGroups(by=by, items=items, total=total, examined=sum(item.count for item in items))


def _group(counted: Count, by: str, names: Mapping[str, str]) -> JobGroup:
    value = counted.value
    key = (batch_name(value) if isinstance(value, int) else value) or ""
    text = names.get(key, key) or NONE
    return JobGroup(
        key=key,
        text=text.replace("_", " ") if by == "state" else text,
        count=counted.count,
        first_id=counted.first_id,
        last_id=counted.last_id,
        latest_at=counted.latest_at,
    )


def _newest(connection: Connection, failed: JobQuery) -> tuple[list[Job], int]:
    newest, total, _ = listing.page(connection, query.with_agent_ids(connection, failed))
    return newest, total


async def _signatures(
    jobs: Sequence[Job], *, blobs: Blobs, signatures: Signatures, clock: Clock
) -> dict[Attempt, Signature]:
    """Return the signatures that are known or can be read in time."""
    deadline = clock.monotonic() + LONGEST_S
    async with signatures.reading:
        unknown = [job for job in jobs if signatures.get(_attempt(job)) is None]
        for start in range(0, len(unknown), PORTION):
            if clock.monotonic() > deadline:
                break
            portion = unknown[start : start + PORTION]
            signatures.learn(await asyncio.to_thread(_read, portion, blobs))
    known = {attempt: signatures.get(attempt) for attempt in map(_attempt, jobs)}
    return {attempt: each for attempt, each in known.items() if each is not None}


def _of_signatures(jobs: Sequence[Job], found: Mapping[Attempt, Signature]) -> list[JobGroup]:
    alike: dict[str, list[Job]] = {}
    texts: dict[str, str] = {}
    for job in reversed(jobs):
        if signature := found.get(_attempt(job)):
            alike.setdefault(signature.key, []).append(job)
            texts[signature.key] = signature.text
    items = [
        JobGroup(
            key=key,
            text=texts[key],
            count=len(group),
            first_id=group[0].id,
            last_id=group[-1].id,
            latest_at=max(job.finished_at or job.submitted_at for job in group),
            ids=[job.id for job in group],
        )
        for key, group in alike.items()
    ]
    return sorted(items, key=lambda item: (-item.count, -item.last_id))


def _attempt(job: Job) -> Attempt:
    return job.id, job.attempt


def _read(jobs: Sequence[Job], blobs: Blobs) -> dict[Attempt, Signature]:
    return {_attempt(job): signature_of(job, *_logs(job, blobs)) for job in jobs}


def _logs(job: Job, blobs: Blobs) -> list[list[str]]:
    """Return the last lines that a job wrote, errors first; nothing of results that are gone."""
    if not job.has_results:
        return []
    try:
        with blobs.open_results(job.id, job.attempt) as file, zipfile.ZipFile(file) as archive:
            return [_tail(archive, f"{RESERVED}/{stream}.log") for stream in ("stderr", "stdout")]
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        return []


def _tail(archive: zipfile.ZipFile, name: str) -> list[str]:
    entry = archive.NameToInfo.get(name)
    if entry is None or entry.file_size > MOST_LOG_BYTES:
        return []
    with archive.open(entry) as member:
        member.seek(max(entry.file_size - TAIL_BYTES, 0))
        return member.read(TAIL_BYTES).decode(errors="replace").splitlines()
