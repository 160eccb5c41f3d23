"""What comes with a submission beside its jobs: the payload, the batch, the idempotency key."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from joborch.server.store.database import Transaction
from joborch.server.store.tables import BATCHES, IDEMPOTENCY, JOBS, PAYLOADS


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Files that were uploaded together."""

    id: str
    files: dict[str, int]
    """Sizes in bytes, by name."""

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(self.files.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What a key was used for before."""

    fingerprint: str
    first_job_id: int
    jobs: int


def add_payload(transaction: Transaction, payload: Payload, *, at: datetime) -> None:
    """Store a payload whose files are on disk already."""
    transaction.connection.execute(
        insert(PAYLOADS).values(
            id=payload.id,
            files=[{"name": name, "size": size} for name, size in payload.files.items()],
            size_bytes=payload.size_bytes,
            created_at=at,
        )
    )


def find_payload(connection: Connection, payload_id: str) -> Payload:
    """Return a payload that some job refers to."""
    row = connection.execute(select(PAYLOADS).where(PAYLOADS.c.id == payload_id)).one()
    return Payload(id=row.id, files={entry["name"]: entry["size"] for entry in row.files})


def has_payload(connection: Connection, payload_id: str) -> bool:
    """Whether the files of a payload are kept."""
    query = select(PAYLOADS.c.removed_at).where(PAYLOADS.c.id == payload_id)
    return connection.execute(query).scalar_one() is None


def payload_ids(connection: Connection) -> set[str]:
    """Return the payloads whose files must be on disk."""
    query = select(PAYLOADS.c.id).where(PAYLOADS.c.removed_at.is_(None))
    return set(connection.execute(query).scalars())


def remove_unused(transaction: Transaction, payload_id: str, *, at: datetime) -> bool:
    """Mark a payload as removed unless a job still needs it; whether its files may go."""
    needed = select(JOBS.c.id).where(
        JOBS.c.payload_id == payload_id, JOBS.c.results_removed_at.is_(None)
    )
    if transaction.connection.execute(needed.limit(1)).first() is not None:
        return False
    transaction.connection.execute(
        update(PAYLOADS).where(PAYLOADS.c.id == payload_id).values(removed_at=at)
    )
    return True


def add_batch(transaction: Transaction, *, size: int, at_once: int | None, at: datetime) -> int:
    """Store a batch and return its id."""
    statement = insert(BATCHES).values(size=size, at_once=at_once, active=0, created_at=at)
    return int(transaction.connection.execute(statement.returning(BATCHES.c.id)).scalar_one())


def batch_size(connection: Connection, batch_id: int) -> int:
    """Return how many jobs a batch has."""
    query = select(BATCHES.c.size).where(BATCHES.c.id == batch_id)
    return int(connection.execute(query).scalar_one())


def earlier(connection: Connection, user_id: str, key: str) -> Earlier | None:
    """Return what this user submitted under this key before."""
    row = connection.execute(
        select(IDEMPOTENCY).where(IDEMPOTENCY.c.user_id == user_id, IDEMPOTENCY.c.key == key)
    ).one_or_none()
    if row is None:
        return None
    return Earlier(fingerprint=row.fingerprint, first_job_id=row.first_job_id, jobs=row.jobs)


def remember(
    transaction: Transaction, user_id: str, key: str, what: Earlier, *, at: datetime
) -> None:
    """Store what a key was used for."""
    transaction.connection.execute(
        insert(IDEMPOTENCY).values(
            user_id=user_id,
            key=key,
            fingerprint=what.fingerprint,
            first_job_id=what.first_job_id,
            jobs=what.jobs,
            created_at=at,
        )
    )
