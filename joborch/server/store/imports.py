"""Jobs that come with a past, from another server: their rows, with ids and events of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, text

from joborch.domain.jobs import Job, JobChange
from joborch.domain.states import JobFact, JobState
from joborch.server.store import events, usage
from joborch.server.store.database import Transaction
from joborch.server.store.submissions import Payload, add_payload
from joborch.server.store.tables import JOBS, PAYLOADS

ACTOR = "import"


def count_jobs(connection: Connection) -> int:
    """Return how many jobs there are."""
    return connection.execute(select(func.count()).select_from(JOBS)).scalar_one()


def add_payloads(
    transaction: Transaction, payloads: Iterable[Payload], *, gone: str, at: datetime
) -> None:
    """Store payloads whose files are on disk, and ``gone`` for the jobs whose files are not."""
    for payload in payloads:
        add_payload(transaction, payload, at=at)
    transaction.connection.execute(
        insert(PAYLOADS).values(id=gone, files=[], size_bytes=0, created_at=at, removed_at=at)
    )


def add_life(
    transaction: Transaction,
    job: Job,
    changes: Sequence[JobChange],
    *,
    results: tuple[int, str] | None,
    removed_at: datetime | None,
) -> None:
    """Store a job under its own id, as it is now, with all that happened to it.

    ``results`` are the size and sha256 of an archive that is on disk; ``removed_at`` is when it was
    removed, if there was one.
    """
    first = changes[0].before if changes else job
    transaction.connection.execute(insert(JOBS).values(**_row(job, results, removed_at)))
    queued = int(job.state is JobState.QUEUED)
    usage.add_queued(transaction, job.service, job.user_id, queued)
    events.record_submitted(transaction, [first], actor=ACTOR, at=first.submitted_at)
    for change in changes:
        events.record(transaction, change, actor=ACTOR)
    if removed_at is not None:
        events.record_fact(transaction, job, JobFact.RESULTS_REMOVED, actor=ACTOR, at=removed_at)


def reserve_ids(transaction: Transaction, *, up_to: int) -> None:
    """Never give an id up to this one again: some job had it once, elsewhere."""
    for statement in (
        "UPDATE sqlite_sequence SET seq = max(seq, :seq) WHERE name = :name",
        "INSERT INTO sqlite_sequence (name, seq) SELECT :name, :seq"
        " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :name)",
    ):
        transaction.connection.execute(text(statement), {"name": JOBS.name, "seq": up_to})


def _row(
    job: Job, results: tuple[int, str] | None, removed_at: datetime | None
) -> dict[str, object]:
    size_bytes, sha256 = results or (None, None)
    row = asdict(job) | {
        "state": job.state.value,
        "tags": dict(job.tags),
        "env": dict(job.env),
        "demand": asdict(job.demand),
        "time_limit_s": None,
        "results_bytes": size_bytes,
        "results_sha256": sha256,
        "results_removed_at": removed_at,
    }
    del row["time_limit"]
    return row
