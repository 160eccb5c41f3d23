"""Gates: what the jobs of submissions wait for, and what the end of a job does to those behind.

A gate's rows are what is still open: a member goes when its job has ended as it was to, a gate
with its last member, or when it breaks. So there is nothing to count, and nothing to miscount.
All of it happens in the transaction in which the job ends.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, literal, select, update

from joborch.domain.dependencies import MOST_NAMED, Dependencies, EndKind, Waited, fate
from joborch.domain.jobs import Job
from joborch.domain.states import JobEvent, JobFact, JobState, advance
from joborch.server.store import events, usage
from joborch.server.store.database import Transaction
from joborch.server.store.tables import GATE_MEMBERS, GATES, JOBS, Instant

ACTOR = "server"
PORTION = 500
"""So many ids stand in one statement."""
CANCELLED = advance(JobState.QUEUED, JobEvent.CANCEL)
_IS_WAITED_FOR = (
    select(GATE_MEMBERS.c.gate_id).where(GATE_MEMBERS.c.job_id == bindparam("id")).limit(1)
)


def find(connection: Connection, wanted: Dependencies) -> int | None:
    """Return the gate at which others wait for just the same already.

    That it is there says that none of its jobs has ended otherwise, and that not all have ended.
    """
    return connection.execute(select(GATES.c.id).where(GATES.c.digest == wanted.digest)).scalar()


def add(
    transaction: Transaction, wanted: Dependencies, unmet: Mapping[int, EndKind], *, at: datetime
) -> int:
    """Store a gate that waits for those of the wanted that have not ended; return its id."""
    new = insert(GATES).values(digest=wanted.digest, created_at=at).returning(GATES.c.id)
    gate_id = int(transaction.connection.execute(new).scalar_one())
    members = [
        {"gate_id": gate_id, "job_id": job_id, "kind": kind.value} for job_id, kind in unmet.items()
    ]
    transaction.connection.execute(insert(GATE_MEMBERS), members)
    return gate_id


def leave(transaction: Transaction, gate_id: int) -> None:
    """Remove a gate at which a job waited, if no other does."""
    others = select(JOBS.c.id).where(JOBS.c.gate_id == gate_id).limit(1)
    if transaction.connection.execute(others).first() is None:
        _remove(transaction, gate_id)


def settle(transaction: Transaction, ended: Job, *, at: datetime) -> None:
    """Let a job's end open the gates that waited for it, and break those that wait in vain.

    A job that nobody waits for costs a look into an index, and no more.

    The jobs behind a broken gate are cancelled, which is an end like any other: wave after wave,
    until nobody waits for what has ended.
    """
    if transaction.connection.execute(_IS_WAITED_FOR, {"id": ended.id}).first() is None:
        return
    wave, state = [ended.id], ended.state
    while wave:
        met: dict[int, list[int]] = defaultdict(list)
        broken: dict[int, int] = {}
        for gate_id, job_id, kind in _gates_of(transaction.connection, wave):
            if EndKind(kind).is_met_by(state):
                met[gate_id].append(job_id)
            else:
                broken.setdefault(gate_id, job_id)
        for gate_id in met.keys() - broken.keys():
            _meet(transaction, gate_id, met[gate_id], at)
        wave = [
            job_id
            for gate_id, culprit in broken.items()
            for job_id in _break(transaction, gate_id, culprit, state, at)
        ]
        state = CANCELLED


def waited(connection: Connection, gate_ids: Collection[int | None]) -> dict[int | None, Waited]:
    """Return what is waited for at each of these gates."""
    found: dict[int | None, Waited] = {}
    for some in _portions(gate_id for gate_id in set(gate_ids) if gate_id is not None):
        members = (
            select(
                GATE_MEMBERS.c.gate_id,
                GATE_MEMBERS.c.job_id,
                func.row_number()
                .over(partition_by=GATE_MEMBERS.c.gate_id, order_by=GATE_MEMBERS.c.job_id)
                .label("number"),
                func.count().over(partition_by=GATE_MEMBERS.c.gate_id).label("every"),
            )
            .where(GATE_MEMBERS.c.gate_id.in_(some))
            .subquery()
        )
        first = select(members).where(members.c.number <= MOST_NAMED)
        for row in connection.execute(first.order_by(members.c.gate_id, members.c.number)):
            ids = found.get(row.gate_id, Waited()).ids
            found[row.gate_id] = Waited((*ids, row.job_id), row.every)
    return found


def members(connection: Connection, gate_id: int) -> list[tuple[int, EndKind, JobState]]:
    """Return the first jobs that are waited for at a gate, for which end, and how they are."""
    query = (
        select(GATE_MEMBERS.c.job_id, GATE_MEMBERS.c.kind, JOBS.c.state)
        .join(JOBS, JOBS.c.id == GATE_MEMBERS.c.job_id)
        .where(GATE_MEMBERS.c.gate_id == gate_id)
    )
    rows = connection.execute(query.order_by(GATE_MEMBERS.c.job_id).limit(MOST_NAMED))
    return [(row.job_id, EndKind(row.kind), JobState(row.state)) for row in rows]


def _gates_of(connection: Connection, job_ids: list[int]) -> Iterator[tuple[int, int, str]]:
    columns = GATE_MEMBERS.c
    every = select(columns.gate_id, columns.job_id, columns.kind)
    for some in _portions(job_ids):
        found = every.where(columns.job_id.in_(some)).order_by(columns.job_id, columns.gate_id)
        for row in connection.execute(found):
            yield row.gate_id, row.job_id, row.kind


def _meet(transaction: Transaction, gate_id: int, job_ids: list[int], at: datetime) -> None:
    own = GATE_MEMBERS.c.gate_id == gate_id
    for some in _portions(job_ids):
        transaction.connection.execute(
            delete(GATE_MEMBERS).where(own, GATE_MEMBERS.c.job_id.in_(some))
        )
    if not transaction.connection.execute(select(exists().where(own))).scalar():
        _open(transaction, gate_id, at)


def _open(transaction: Transaction, gate_id: int, at: datetime) -> None:
    statement = update(JOBS).where(JOBS.c.gate_id == gate_id).values(gate_id=None)
    rows = transaction.connection.execute(statement.returning(JOBS.c.id, JOBS.c.attempt)).all()
    events.record_many(
        transaction,
        [(row.id, row.attempt) for row in sorted(rows)],
        JobFact.READY,
        states=(JobState.QUEUED, JobState.QUEUED),
        actor=ACTOR,
        at=at,
    )
    _remove(transaction, gate_id)


def _break(
    transaction: Transaction, gate_id: int, culprit: int, state: JobState, at: datetime
) -> list[int]:
    """Cancel the jobs behind a gate, because of one that ended in ``state``; returns their ids."""
    reason = fate(culprit, state)
    statement = (
        update(JOBS)
        .where(JOBS.c.gate_id == gate_id)
        .values(
            state=CANCELLED.value,
            finished_at=func.max(JOBS.c.submitted_at, literal(at, Instant)),
            reason=reason,
            gate_id=None,
        )
        .returning(JOBS.c.id, JOBS.c.attempt, JOBS.c.service, JOBS.c.user_id)
    )
    rows = sorted(transaction.connection.execute(statement))
    usage.drop_queued(transaction, [(row.service, row.user_id) for row in rows])
    events.record_many(
        transaction,
        [(row.id, row.attempt) for row in rows],
        JobEvent.CANCEL,
        states=(JobState.QUEUED, CANCELLED),
        actor=ACTOR,
        at=at,
        detail={"note": reason, "dependency": culprit},
    )
    _remove(transaction, gate_id)
    return [row.id for row in rows]


def _remove(transaction: Transaction, gate_id: int) -> None:
    transaction.connection.execute(delete(GATE_MEMBERS).where(GATE_MEMBERS.c.gate_id == gate_id))
    transaction.connection.execute(delete(GATES).where(GATES.c.id == gate_id))


def _portions(ids: Iterable[int]) -> Iterator[list[int]]:
    every = [*ids]
    return (every[start : start + PORTION] for start in range(0, len(every), PORTION))
