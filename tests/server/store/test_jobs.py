"""The statements are the last to say no: they hold whatever those who call them have overlooked."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from joborch.domain.errors import StaleJobError
from joborch.domain.jobs import Job, JobChange, NewJob
from joborch.domain.quotas import Limits, Usage
from joborch.domain.states import JobEvent, JobFact, JobState
from joborch.server.store import events, jobs, schema, submissions, usage
from joborch.server.store.database import Transaction, connect
from joborch.server.store.submissions import Earlier, Payload
from joborch.server.store.usage import NoSlotError

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def transaction(tmp_path: Path) -> Iterator[Transaction]:
    schema.prepare(tmp_path / "x.db")
    engine = connect(tmp_path / "x.db")
    with engine.connect() as connection, connection.begin():
        made = Transaction(connection)
        submissions.add_payload(made, Payload(id="p", files={"run.sh": 1}), at=NOW)
        yield made
    engine.dispose()


def queued(transaction: Transaction, *, user: str = "ann", batch_id: int | None = None) -> Job:
    new = NewJob(user_id=user, service="example", name="n")
    (job,) = jobs.add(transaction, [new], payload_id="p", batch_id=batch_id, actor="t", at=NOW)
    return job


def assignment(job: Job) -> JobChange:
    change = job.after(JobEvent.ASSIGN, at=NOW)
    return replace(change, after=replace(change.after, attempt=job.attempt + 1, agent_id="a-1"))


def assign(transaction: Transaction, job: Job, limits: Limits | None = None) -> Job:
    with transaction.savepoint():
        return jobs.move(transaction, assignment(job), actor="t", limits=limits)


def move(transaction: Transaction, job: Job, event: JobEvent) -> Job:
    with transaction.savepoint():
        return jobs.move(transaction, job.after(event, at=NOW), actor="t")


def told(transaction: Transaction, job: Job) -> list[str]:
    return [event.event for event in events.of_job(transaction.connection, job.id)]


def counted(transaction: Transaction) -> Usage:
    return usage.totals(transaction.connection)["example"]


def test_a_move_of_a_job_that_has_moved_meanwhile_stores_nothing(
    transaction: Transaction,
) -> None:
    seen = assign(transaction, queued(transaction))
    move(transaction, seen, JobEvent.COMPLETE)
    for event in (JobEvent.FAIL, JobEvent.REQUEUE, JobEvent.START):
        with pytest.raises(StaleJobError):
            move(transaction, seen, event)
    assert jobs.find(transaction.connection, seen.id).state is JobState.COMPLETED
    assert told(transaction, seen) == ["submit", "assign", "complete"]
    assert (counted(transaction).active, counted(transaction).queued) == (0, 0)


def test_a_fact_about_a_job_that_has_moved_meanwhile_is_not_stored(
    transaction: Transaction,
) -> None:
    seen = assign(transaction, queued(transaction))
    move(transaction, seen, JobEvent.COMPLETE)
    with pytest.raises(StaleJobError), transaction.savepoint():
        jobs.note(
            transaction,
            seen,
            JobFact.CANCEL_REQUESTED,
            actor="t",
            at=NOW,
            cancel_requested_at=NOW,
        )
    assert told(transaction, seen) == ["submit", "assign", "complete"]


def test_a_move_of_an_earlier_attempt_stores_nothing(transaction: Transaction) -> None:
    seen = assign(transaction, queued(transaction))
    again = assign(transaction, move(transaction, seen, JobEvent.REQUEUE))
    with pytest.raises(StaleJobError):
        move(transaction, seen, JobEvent.COMPLETE)
    found = jobs.find(transaction.connection, seen.id)
    assert (found.state, found.attempt) == (JobState.ASSIGNED, again.attempt)


@pytest.mark.parametrize("limits", [Limits(per_user=1), Limits(per_user=5, total=1)])
def test_a_slot_beyond_the_quota_is_refused_and_nothing_is_stored(
    transaction: Transaction, limits: Limits
) -> None:
    first, second = queued(transaction), queued(transaction)
    assign(transaction, first, limits)
    with pytest.raises(NoSlotError):
        assign(transaction, second, limits)
    assert told(transaction, second) == ["submit"]
    assert (counted(transaction).active, counted(transaction).queued) == (1, 1)
    assert usage.recount(transaction) == []


def test_a_batch_gets_no_more_than_it_asked_for(transaction: Transaction) -> None:
    batch_id = submissions.add_batch(transaction, size=2, at_once=1, at=NOW)
    first, second = (queued(transaction, batch_id=batch_id) for _ in range(2))
    held = assign(transaction, first)
    with pytest.raises(NoSlotError, match="batch"):
        assign(transaction, second)
    move(transaction, held, JobEvent.COMPLETE)
    assert assign(transaction, second).state is JobState.ASSIGNED


def test_a_key_is_remembered_once(transaction: Transaction) -> None:
    first, second = (Earlier(fingerprint=f"{n}", first_job_id=n, jobs=1) for n in (1, 2))
    submissions.remember(transaction, "ann", "key", first, at=NOW)
    with pytest.raises(IntegrityError):
        submissions.remember(transaction, "ann", "key", second, at=NOW)
