"""The event log: what happened to each job, in the order in which it was committed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select

from joborch.domain.jobs import Job, JobChange
from joborch.domain.states import JobEvent, JobFact, JobState
from joborch.server.store.database import Transaction
from joborch.server.store.tables import EVENTS
from joborch.wire.events import EventView


def record(
    transaction: Transaction, change: JobChange, *, actor: str, detail: dict[str, Any] | None = None
) -> None:
    """Write down a move, in the transaction that makes it."""
    _append(
        transaction,
        job_id=change.after.id,
        attempt=change.after.attempt,
        event=change.event.value,
        from_state=change.before.state.value,
        to_state=change.after.state.value,
        actor=actor,
        at=change.at,
        detail=(detail or {}) | ({"note": change.note} if change.note else {}),
    )


def record_fact(
    transaction: Transaction,
    job: Job,
    fact: JobFact,
    *,
    actor: str,
    at: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write down something that did not move the job."""
    _append(
        transaction,
        job_id=job.id,
        attempt=job.attempt,
        event=fact.value,
        from_state=job.state.value,
        to_state=job.state.value,
        actor=actor,
        at=at,
        detail=detail or {},
    )


def of_job(connection: Connection, job_id: int) -> list[EventView]:
    """Return everything that happened to a job, oldest first."""
    rows = connection.execute(
        select(EVENTS).where(EVENTS.c.job_id == job_id).order_by(EVENTS.c.seq)
    )
    return [view_of(row) for row in rows.mappings()]


def newest_fact(connection: Connection, job_id: int, fact: JobFact) -> EventView | None:
    """Return the last event of this kind of a job, if there is one."""
    row = connection.execute(
        select(EVENTS)
        .where(EVENTS.c.job_id == job_id, EVENTS.c.event == fact.value)
        .order_by(EVENTS.c.seq.desc())
        .limit(1)
    )
    found = row.mappings().first()
    return view_of(found) if found else None


def since(connection: Connection, seq: int, *, limit: int) -> list[EventView]:
    """Return up to ``limit`` events after ``seq``, oldest first."""
    rows = connection.execute(
        select(EVENTS).where(EVENTS.c.seq > seq).order_by(EVENTS.c.seq).limit(limit)
    )
    return [view_of(row) for row in rows.mappings()]


def has_happened(connection: Connection, seq: int, at: datetime) -> bool:
    """Whether there is an event of this ``seq``, and it happened at this moment."""
    found = select(EVENTS.c.seq).where(EVENTS.c.seq == seq, EVENTS.c.at == at)
    return connection.execute(found).first() is not None


def newest(connection: Connection) -> int:
    """Return the highest ``seq``, 0 if nothing ever happened."""
    return connection.execute(select(func.max(EVENTS.c.seq))).scalar() or 0


def record_submitted(
    transaction: Transaction,
    jobs: Sequence[Job],
    *,
    actor: str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down the submission of many jobs at once."""
    record_many(
        transaction,
        [(job.id, job.attempt) for job in jobs],
        JobEvent.SUBMIT,
        states=(None, jobs[0].state),
        actor=actor,
        at=at,
        detail=detail,
    )


def record_many(
    transaction: Transaction,
    attempts: Sequence[tuple[int, int]],
    event: JobEvent | JobFact,
    *,
    states: tuple[JobState | None, JobState],
    actor: str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down what happened to many jobs at once, each with its attempt; maybe to none.

    ``states`` are those before and after it.
    """
    before, after = states
    common = {
        "event": event.value,
        "from_state": before.value if before else None,
        "to_state": after.value,
        "actor": actor,
        "at": at,
        "detail": dict(detail or {}),
    }
    rows = [{"job_id": job_id, "attempt": attempt} | common for job_id, attempt in attempts]
    if rows:
        _append_all(transaction, rows)


def _append(transaction: Transaction, **values: Any) -> None:
    _append_all(transaction, [values])


def _append_all(transaction: Transaction, rows: list[dict[str, Any]]) -> None:
    statement = insert(EVENTS).returning(EVENTS.c.seq, sort_by_parameter_order=True)
    seqs = transaction.connection.execute(statement, rows).scalars()
    transaction.recorded += [
        EventView(seq=seq, **values) for seq, values in zip(seqs, rows, strict=True)
    ]


def view_of(row: RowMapping) -> EventView:
    """Return an event as it is told of."""
    return EventView(**dict(row))
