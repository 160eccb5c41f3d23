"""Jobs in the database: rows in and out, and the one way to store a move.

A move is a single guarded ``UPDATE … WHERE id AND attempt AND state``; its event row and the
quota counters go with it. No statement here matches a job that has ended, but for its results.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from joborch.domain.agents import Demand
from joborch.domain.errors import JobNotFoundError, StaleJobError
from joborch.domain.jobs import Job, JobChange, NewJob
from joborch.domain.quotas import Limits
from joborch.domain.states import ACTIVE, WITH_RESULTS, JobEvent, JobFact, JobState
from joborch.server.store import events, gates, usage
from joborch.server.store.database import Transaction
from joborch.server.store.tables import AGENTS, EVENTS, JOBS, is_queued, stands_in_line

MOST_IDS = 500
"""So many ids stand in one statement."""
NOT_HELD: Mapping[str, Any] = {"held_at": None, "hold_actor": None}


def add(
    transaction: Transaction,
    new: Sequence[NewJob],
    *,
    payload_id: str,
    batch_id: int | None,
    actor: str,
    at: datetime,
    gate_id: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> list[Job]:
    """Store jobs as queued, with their events and counters; returns them in the same order."""
    common = {"payload_id": payload_id, "batch_id": batch_id, "gate_id": gate_id}
    more = [{**common, **_holding(job, actor, at)} for job in new]
    rows = [_new_row(job, at) | own for job, own in zip(new, more, strict=True)]
    statement = insert(JOBS).returning(JOBS.c.id, sort_by_parameter_order=True)
    ids = transaction.connection.execute(statement, rows).scalars().all()
    jobs = [_added(job, job_id, at, **own) for job_id, job, own in zip(ids, new, more, strict=True)]
    usage.add_queued(transaction, new[0].service, new[0].user_id, len(new))
    events.record_submitted(transaction, jobs, actor=actor, at=at, detail=detail)
    return jobs


def find(connection: Connection, job_id: int) -> Job:
    """Return a job.

    Raises:
        JobNotFoundError: if there is none of this id.
    """
    row = connection.execute(select(JOBS).where(JOBS.c.id == job_id)).one_or_none()
    if row is None:
        raise JobNotFoundError(job_id)
    return job_from(row)


def move(
    transaction: Transaction,
    change: JobChange,
    *,
    actor: str,
    limits: Limits | None = None,
    detail: dict[str, Any] | None = None,
    **columns: Any,
) -> Job:
    """Store a move, its event and its counters; ``columns`` are set beside what it implies.

    What waits for the job's end moves with it. Returns the job as the change has it, without
    those columns.

    Raises:
        StaleJobError: the job is no longer as the change supposes.
        NoSlotError: the change needs a slot that is not there.
        Either way the caller's savepoint is undone and nothing was stored.
    """
    before, after = change.before, change.after
    values = {
        "state": after.state.value,
        "attempt": after.attempt,
        "agent_id": after.agent_id,
        "losses": after.losses,
        "started_at": after.started_at,
        "finished_at": after.finished_at,
        "reason": after.reason,
        "gate_id": after.gate_id,
    } | columns
    _update(transaction, before, values)
    usage.move(transaction, change, limits)
    events.record(transaction, change, actor=actor, detail=detail)
    if after.state.is_terminal:
        _end(transaction, change)
    return after


def note(
    transaction: Transaction,
    job: Job,
    fact: JobFact,
    *,
    actor: str,
    at: datetime,
    detail: dict[str, Any] | None = None,
    **columns: Any,
) -> None:
    """Store facts about a job that stays where it is, with an event.

    Raises:
        StaleJobError: the job has moved meanwhile; nothing was stored.
    """
    _update(transaction, job, columns)
    events.record_fact(transaction, job, fact, actor=actor, at=at, detail=detail)


def states_of(connection: Connection, job_ids: Iterable[int]) -> dict[int, JobState]:
    """Return the states of those jobs that are there."""
    every = [*job_ids]
    found: dict[int, JobState] = {}
    for start in range(0, len(every), MOST_IDS):
        some = select(JOBS.c.id, JOBS.c.state).where(JOBS.c.id.in_(every[start : start + MOST_IDS]))
        found |= {row.id: JobState(row.state) for row in connection.execute(some)}
    return found


def token_of(connection: Connection, job_id: int) -> bytes | None:
    """Return the hash of the newest lease's token."""
    return connection.execute(select(JOBS.c.token_hash).where(JOBS.c.id == job_id)).scalar()


def held_by(connection: Connection, agent_id: str) -> list[Job]:
    """Return the jobs that an agent holds, oldest assignment first."""
    rows = connection.execute(
        select(JOBS).where(JOBS.c.agent_id == agent_id).order_by(JOBS.c.assigned_at, JOBS.c.id)
    )
    return [job_from(row) for row in rows]


def held_by_strangers(connection: Connection) -> list[Job]:
    """Return the jobs whose holder is no agent, or one that was removed."""
    known = select(AGENTS.c.id).where(AGENTS.c.removed_at.is_(None))
    held = JOBS.c.agent_id.is_not(None), JOBS.c.agent_id.not_in(known)
    return [job_from(row) for row in connection.execute(select(JOBS).where(*held))]


def held(connection: Connection) -> list[tuple[str, str, int, dict[str, Any]]]:
    """Return (agent, service, job, demand) of every active job."""
    rows = connection.execute(
        select(JOBS.c.agent_id, JOBS.c.service, JOBS.c.id, JOBS.c.demand).where(
            JOBS.c.agent_id.is_not(None)
        )
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def active_of(connection: Connection, service: str, user_id: str) -> list[int]:
    """Return the ids of a user's active jobs of a service, oldest first."""
    active = [state.value for state in ACTIVE]
    query = select(JOBS.c.id).where(
        JOBS.c.service == service,
        JOBS.c.user_id == user_id,
        JOBS.c.agent_id.is_not(None),
        JOBS.c.state.in_(active),
    )
    return list(connection.execute(query.order_by(JOBS.c.id)).scalars())


def to_clean(connection: Connection, *, before: datetime, limit: int) -> list[Job]:
    """Return jobs that ended before a moment and whose results have not been removed."""
    query = select(JOBS).where(JOBS.c.results_removed_at.is_(None), JOBS.c.finished_at <= before)
    rows = connection.execute(query.order_by(JOBS.c.finished_at).limit(limit))
    return [job_from(row) for row in rows]


def attempts_with_files(connection: Connection) -> tuple[set[str], set[str]]:
    """Return the attempts, as ``JOB-ATTEMPT``, that may still end, and those with results."""
    unfinished = select(JOBS.c.id, JOBS.c.attempt).where(JOBS.c.finished_at.is_(None))
    kept = select(JOBS.c.id, JOBS.c.attempt).where(
        JOBS.c.results_sha256.is_not(None), JOBS.c.results_removed_at.is_(None)
    )
    names = [{f"{row[0]}-{row[1]}" for row in connection.execute(q)} for q in (unfinished, kept)]
    return names[0], names[1]


def attempts_that_tell_of_no_results(connection: Connection) -> list[tuple[int, int]]:
    """Return the job and attempt of those that ended as ends with results, and have none recorded.

    Nearly always there were none. If there are, they are not what a crash has left: only its
    agent's report ends a job like that, and what it brought was published and recorded together.
    """
    by_its_agent = exists().where(
        EVENTS.c.job_id == JOBS.c.id,
        EVENTS.c.event == JobEvent.CANCEL.value,
        EVENTS.c.actor.startswith("agent:"),
    )
    rows = connection.execute(
        select(JOBS.c.id, JOBS.c.attempt).where(
            JOBS.c.results_sha256.is_(None),
            JOBS.c.results_removed_at.is_(None),
            JOBS.c.state.in_([state.value for state in WITH_RESULTS])
            | (JOBS.c.state == JobState.CANCELLED.value) & by_its_agent,
        )
    )
    return [(row.id, row.attempt) for row in rows]


def first_finished(connection: Connection) -> datetime | None:
    """Return when the first of the jobs ended whose results are still kept."""
    query = select(JOBS.c.finished_at).where(
        JOBS.c.results_removed_at.is_(None), JOBS.c.finished_at.is_not(None)
    )
    return connection.execute(query.order_by(JOBS.c.finished_at).limit(1)).scalar()


def place_in_line(connection: Connection, job: Job, now: datetime) -> tuple[int, int]:
    """Return the job's place in its user's line, from 1, and how many are ahead of all users'.

    Jobs that are held, or whose time has not come, stand in no line.
    """
    ahead = (
        (
            (JOBS.c.priority > job.priority)
            | (JOBS.c.priority == job.priority) & (JOBS.c.id < job.id)
        )
        & (JOBS.c.service == job.service)
        & stands_in_line(JOBS, now)
        & is_queued(JOBS)
    )
    mine = func.count().filter(JOBS.c.user_id == job.user_id)
    counts = connection.execute(select(mine, func.count()).select_from(JOBS).where(ahead)).one()
    return counts[0] + 1, counts[1]


def job_from(row: Row[Any]) -> Job:
    """Make a job of a row that has all the columns."""
    values = dict(row._mapping)
    for name in ("token_hash", "time_limit_s", "cancel_grace_s"):
        values.pop(name, None)
    limit = row.time_limit_s
    return Job(
        **values
        | {
            "state": JobState(row.state),
            "demand": Demand(**row.demand),
            "time_limit": None if limit is None else timedelta(seconds=limit),
        }
    )


def _end(transaction: Transaction, change: JobChange) -> None:
    """Do what follows from a job's end, for those that wait as it did, or for it."""
    if change.before.gate_id is not None:
        gates.leave(transaction, change.before.gate_id)
    gates.settle(transaction, change.after, at=change.at)


def _update(transaction: Transaction, before: Job, values: dict[str, Any]) -> None:
    statement = (
        update(JOBS)
        .where(
            JOBS.c.id == before.id,
            JOBS.c.attempt == before.attempt,
            JOBS.c.state == before.state.value,
        )
        .values(**values)
    )
    if transaction.connection.execute(statement).rowcount != 1:
        raise StaleJobError(before.id, before.attempt, "discard")


def _holding(new: NewJob, actor: str, at: datetime) -> Mapping[str, Any]:
    """Return since when a new job is held, and who had it held."""
    return {"held_at": at, "hold_actor": actor} if new.is_held else NOT_HELD


def _new_row(new: NewJob, at: datetime) -> dict[str, Any]:
    return {
        "user_id": new.user_id,
        "service": new.service,
        "name": new.name,
        "state": JobState.QUEUED.value,
        "array_index": new.array_index,
        "priority": new.priority,
        "attempt": 0,
        "max_attempts": new.max_attempts,
        "losses": 0,
        "tags": dict(new.tags),
        "env": dict(new.env),
        "demand": asdict(new.demand),
        "time_limit_s": new.time_limit.total_seconds() if new.time_limit else None,
        "submitted_at": at,
        "not_before": new.not_before,
    }


def _added(new: NewJob, job_id: int, at: datetime, **more: Any) -> Job:
    return Job(
        id=job_id,
        user_id=new.user_id,
        service=new.service,
        name=new.name,
        state=JobState.QUEUED,
        array_index=new.array_index,
        priority=new.priority,
        max_attempts=new.max_attempts,
        tags=new.tags,
        env=new.env,
        demand=new.demand,
        time_limit=new.time_limit,
        submitted_at=at,
        not_before=new.not_before,
        **more,
    )
