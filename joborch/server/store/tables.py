"""The tables. Rows are dumb and stay in this package; everybody else sees domain objects.

Invariants that can be said in SQL are: states are from the list, a job has ended if and only if it
has ``finished_at``, and an agent holds it if and only if it is active. A change here needs a
migration.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Dialect,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    Table,
    TypeDecorator,
    and_,
    literal_column,
    or_,
)
from sqlmodel import Field, SQLModel

from joborch.domain.dependencies import EndKind
from joborch.domain.retries import LONGEST
from joborch.domain.states import ACTIVE, TERMINAL, JobState

QUEUED = frozenset({JobState.QUEUED})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVERYBODY = ""
"""The ``user_id`` of a service's own counter row; no user can have it."""


class Instant(TypeDecorator[datetime]):
    """A moment, stored as microseconds since 1970 so that it sorts and compares exactly."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Store an aware moment."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Read it back, in UTC."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


def _words(states: frozenset[JobState]) -> str:
    return _quoted(state for state in JobState if state in states)


def _quoted(words: Iterable[StrEnum]) -> str:
    return ", ".join(f"'{word.value}'" for word in words)


def _instant(*, required: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Instant, nullable=not required))


def _json() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class PayloadRow(SQLModel, table=True):
    """What was uploaded once; all jobs of a batch share it."""

    __tablename__ = "payloads"

    id: str = Field(primary_key=True)
    files: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    size_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_at: datetime = _instant(required=True)
    removed_at: datetime | None = _instant()


class BatchRow(SQLModel, table=True):
    """The jobs of one array submission."""

    __tablename__ = "batches"
    __table_args__ = (CheckConstraint("active >= 0", name="batch_active"),)

    id: int | None = Field(default=None, primary_key=True)
    size: int
    at_once: int | None = None
    active: int = 0
    created_at: datetime = _instant(required=True)


class GateRow(SQLModel, table=True):
    """What jobs stand before until others have ended; it is gone as soon as none does."""

    __tablename__ = "gates"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    """Of what was asked for: who asks for the same waits behind the same gate."""
    created_at: datetime = _instant(required=True)


class JobRow(SQLModel, table=True):
    """One job. ``token_hash`` outlives a requeue, so that the last holder may still report."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"state IN ({_words(frozenset(JobState))})", name="job_state"),
        CheckConstraint(
            f"(finished_at IS NOT NULL) = (state IN ({_words(TERMINAL)}))", name="job_finished"
        ),
        CheckConstraint(f"(agent_id IS NOT NULL) = (state IN ({_words(ACTIVE)}))", name="job_held"),
        CheckConstraint(f"gate_id IS NULL OR state IN ({_words(QUEUED)})", name="job_gated"),
        CheckConstraint("priority BETWEEN 0 AND 100", name="job_priority"),
        CheckConstraint("attempt >= 0 AND losses >= 0", name="job_attempt"),
        Index(
            "jobs_line",
            "service",
            "user_id",
            Column("priority").desc(),
            "id",
            sqlite_where=and_(
                Column("state") == literal_column(f"'{JobState.QUEUED.value}'"),
                Column("gate_id").is_(None),
            ),
        ),
        Index("jobs_held_by", "agent_id", sqlite_where=Column("agent_id").is_not(None)),
        Index(
            "jobs_to_clean",
            "finished_at",
            sqlite_where=and_(
                Column("results_removed_at").is_(None), Column("finished_at").is_not(None)
            ),
        ),
        Index("jobs_of_user", "user_id", "id"),
        Index("jobs_of_batch", "batch_id", sqlite_where=Column("batch_id").is_not(None)),
        Index("jobs_of_payload", "payload_id"),
        Index("jobs_gated", "gate_id", sqlite_where=Column("gate_id").is_not(None)),
        Index("jobs_submitted", "submitted_at", "service"),
        Index(
            "jobs_ended",
            *("service", "finished_at", "state", "started_at", "submitted_at"),
            sqlite_where=Column("finished_at").is_not(None),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    service: str
    name: str
    state: str
    payload_id: str = Field(foreign_key="payloads.id")
    batch_id: int | None = Field(default=None, foreign_key="batches.id")
    array_index: int | None = None
    priority: int
    attempt: int = 0
    max_attempts: int
    losses: int = 0
    agent_id: str | None = None
    last_agent_id: str | None = None
    token_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    tags: dict[str, str] = _json()
    env: dict[str, str] = _json()
    demand: dict[str, Any] = _json()
    time_limit_s: float | None = None
    submitted_at: datetime = _instant(required=True)
    assigned_at: datetime | None = _instant()
    started_at: datetime | None = _instant()
    finished_at: datetime | None = _instant()
    held_at: datetime | None = _instant()
    not_before: datetime | None = _instant()
    cancel_requested_at: datetime | None = _instant()
    cancel_grace_s: float | None = None
    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None
    results_bytes: int | None = Field(default=None, sa_column=Column(BigInteger))
    results_sha256: str | None = None
    results_removed_at: datetime | None = _instant()
    gate_id: int | None = Field(default=None, foreign_key="gates.id")
    hold_actor: str | None = None


class GateMemberRow(SQLModel, table=True):
    """A job that has not ended and that a gate waits for; ``kind`` says for which end of it."""

    __tablename__ = "gate_members"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_quoted(EndKind)})", name="gate_member_kind"),
        Index("gates_of_job", "job_id"),
        {"sqlite_with_rowid": False},
    )

    gate_id: int = Field(foreign_key="gates.id", primary_key=True)
    job_id: int = Field(foreign_key="jobs.id", primary_key=True)
    kind: str


class EventRow(SQLModel, table=True):
    """One thing that happened to a job, written with the change itself. Never updated."""

    __tablename__ = "events"
    __table_args__ = (Index("events_of_job", "job_id", "seq"), {"sqlite_autoincrement": True})

    seq: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="jobs.id")
    attempt: int
    event: str
    from_state: str | None = None
    to_state: str
    actor: str
    at: datetime = _instant(required=True)
    detail: dict[str, Any] = _json()


class UsageRow(SQLModel, table=True):
    """How much of a service a user has; the row of nobody counts them all together."""

    __tablename__ = "usage"
    __table_args__ = (
        CheckConstraint("active >= 0", name="usage_active"),
        CheckConstraint("queued >= 0", name="usage_queued"),
        Index("usage_waiting", "service", sqlite_where=Column("queued") > 0),
    )

    service: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    active: int = 0
    queued: int = 0
    served_at: datetime | None = _instant()


class PauseRow(SQLModel, table=True):
    """A service that starts no jobs."""

    __tablename__ = "pauses"

    service: str = Field(primary_key=True)
    at: datetime = _instant(required=True)
    actor: str
    reason: str | None = None


class OverrideRow(SQLModel, table=True):
    """A quota that an operator set for one user of one service."""

    __tablename__ = "overrides"
    __table_args__ = (
        CheckConstraint("running >= 0", name="override_running"),
        CheckConstraint("queued >= 0", name="override_queued"),
        CheckConstraint("running IS NOT NULL OR queued IS NOT NULL", name="override_of_something"),
    )

    service: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    running: int | None = None
    queued: int | None = None
    at: datetime = _instant(required=True)
    actor: str


class AgentRow(SQLModel, table=True):
    """An agent that has enrolled. One that was removed stays: jobs that it ran know its name."""

    __tablename__ = "agents"

    id: str = Field(primary_key=True)
    name: str = Field(index=True)
    key_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    host: str
    version: str
    services: dict[str, int] = _json()
    capacity: dict[str, Any] = _json()
    labels: dict[str, str] = _json()
    incarnation: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    draining_at: datetime | None = _instant()
    enrolled_at: datetime = _instant(required=True)
    seen_at: datetime = _instant(required=True)
    removed_at: datetime | None = _instant()


class IdempotencyRow(SQLModel, table=True):
    """What was submitted under a key, so that the same request again makes nothing new."""

    __tablename__ = "idempotency"

    user_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    first_job_id: int = Field(sa_column=Column(Integer, nullable=False))
    jobs: int
    created_at: datetime = _instant(required=True)


def table(row: type[SQLModel]) -> Table:
    """Return the table behind a row class, for statements."""
    return cast(Table, row.__table__)  # type: ignore[attr-defined]  # set by SQLModel's metaclass


JOBS = table(JobRow)
EVENTS = table(EventRow)
USAGE = table(UsageRow)
BATCHES = table(BatchRow)
GATES = table(GateRow)
GATE_MEMBERS = table(GateMemberRow)
PAYLOADS = table(PayloadRow)
PAUSES = table(PauseRow)
OVERRIDES = table(OverrideRow)
AGENTS = table(AgentRow)
IDEMPOTENCY = table(IdempotencyRow)

HAS_QUEUED = USAGE.c.queued > literal_column("0")
"""Written out, like :func:`is_queued`: SQLite uses a partial index only for a literal."""


def is_queued(jobs: FromClause) -> ColumnElement[bool]:
    """Say that a job waits and stands before no gate, in the words of the index over such jobs.

    Thousands that wait for others cost those who look at the line nothing.
    """
    return and_(
        jobs.c.state == literal_column(f"'{JobState.QUEUED.value}'"), jobs.c.gate_id.is_(None)
    )


def stands_in_line(jobs: FromClause, now: datetime) -> ColumnElement[bool]:
    """Say that nobody holds a job that waits, and what :meth:`Job.has_to_wait` denies."""
    may_start = or_(
        jobs.c.not_before.is_(None),
        jobs.c.not_before <= now,
        and_(jobs.c.attempt > 0, jobs.c.not_before > now + LONGEST),
    )
    return and_(jobs.c.held_at.is_(None), may_start)
