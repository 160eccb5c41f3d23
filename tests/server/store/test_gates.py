"""Gates at the size that arrays have, and what the database itself refuses."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError

from joborch.domain.dependencies import Dependencies, Waited
from joborch.domain.jobs import Job, NewJob
from joborch.domain.states import JobEvent, JobState
from joborch.server.operations.hold import hold_one
from joborch.server.store import events, gates, jobs, schema, statistics, submissions, usage
from joborch.server.store.database import Transaction, connect
from joborch.server.store.statistics import Standing
from joborch.server.store.submissions import Payload
from joborch.server.store.tables import GATE_MEMBERS, GATES

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MANY = gates.PORTION + 1


@pytest.fixture
def transaction(tmp_path: Path) -> Iterator[Transaction]:
    schema.prepare(tmp_path / "x.db")
    engine = connect(tmp_path / "x.db")
    with engine.connect() as connection, connection.begin():
        made = Transaction(connection)
        submissions.add_payload(made, Payload(id="p", files={"run.sh": 1}), at=NOW)
        yield made
    engine.dispose()


def queued(transaction: Transaction, count: int = 1, gate_id: int | None = None) -> list[Job]:
    new = [NewJob(user_id="ann", service="example", name="n")] * count
    return jobs.add(
        transaction, new, payload_id="p", batch_id=None, actor="t", at=NOW, gate_id=gate_id
    )


def waiting(transaction: Transaction, wanted: Dependencies, count: int = 1) -> list[Job]:
    gate_id = gates.add(transaction, wanted, wanted.members, at=NOW)
    return queued(transaction, count, gate_id)


def cancel(transaction: Transaction, *some: Job) -> None:
    for job in some:
        jobs.move(transaction, job.after(JobEvent.CANCEL, at=NOW), actor="t")


def now(transaction: Transaction, job: Job) -> Job:
    return jobs.find(transaction.connection, job.id)


def rows(transaction: Transaction) -> tuple[int, int]:
    counts = [select(func.count()).select_from(table) for table in (GATES, GATE_MEMBERS)]
    first, second = [transaction.connection.execute(count).scalar_one() for count in counts]
    return first, second


def test_many_jobs_after_many_cost_a_row_each(transaction: Transaction) -> None:
    firsts = queued(transaction, MANY)
    wanted = Dependencies(ended=tuple(job.id for job in firsts))
    waiting(transaction, wanted, MANY)
    assert rows(transaction) == (1, MANY)


def test_many_are_let_go_by_the_last_of_many(transaction: Transaction) -> None:
    firsts = queued(transaction, MANY)
    seconds = waiting(transaction, Dependencies(ended=tuple(j.id for j in firsts)), MANY)
    cancel(transaction, *firsts[1:])
    assert now(transaction, seconds[-1]).gate_id is not None
    cancel(transaction, firsts[0])
    assert now(transaction, seconds[-1]).gate_id is None
    told = [each.event for each in events.of_job(transaction.connection, seconds[-1].id)]
    assert (told, rows(transaction)) == (["submit", "ready"], (0, 0))


def test_many_are_cancelled_with_one_and_let_go_those_that_waited_for_their_end(
    transaction: Transaction,
) -> None:
    (first,) = queued(transaction)
    seconds = waiting(transaction, Dependencies(completed=(first.id,)), MANY)
    (third,) = waiting(transaction, Dependencies(ended=tuple(j.id for j in seconds)))
    cancel(transaction, first)
    assert {now(transaction, job).state for job in seconds} == {JobState.CANCELLED}
    assert (now(transaction, third).gate_id, rows(transaction)) == (None, (0, 0))
    assert usage.totals(transaction.connection)["example"].queued == 1
    assert usage.recount(transaction) == []


def test_a_job_at_a_gate_cannot_be_stored_as_given_to_an_agent(transaction: Transaction) -> None:
    (first,) = queued(transaction)
    (second,) = waiting(transaction, Dependencies(completed=(first.id,)))
    change = second.after(JobEvent.ASSIGN, at=NOW)
    given = replace(change, after=replace(change.after, attempt=1, agent_id="a-1"))
    with pytest.raises(IntegrityError, match="job_gated"), transaction.savepoint():
        jobs.move(transaction, given, actor="t")


def test_what_waits_for_others_counts_as_queued_and_what_is_held_besides_as_held(
    transaction: Transaction,
) -> None:
    (first,) = queued(transaction)
    second, _ = waiting(transaction, Dependencies(completed=(first.id,)), 2)
    for service in ("example", None):
        standing = statistics.standing(transaction.connection, service)
        assert standing == Standing(queued=3, after=2, held=0, active=0)
        assert statistics.held_for_others(transaction.connection, service) is None
    for job in (first, second):
        hold_one(transaction, job, actor="t", now=NOW)
    for service in ("example", None):
        standing = statistics.standing(transaction.connection, service)
        assert standing == Standing(queued=1, after=1, held=2, active=0)
        assert statistics.held_for_others(transaction.connection, service) == first.id


def test_the_last_that_leaves_a_gate_takes_it_along(transaction: Transaction) -> None:
    (first,) = queued(transaction)
    seconds = waiting(transaction, Dependencies(completed=(first.id,)), 2)
    cancel(transaction, seconds[0])
    assert rows(transaction) == (1, 1)
    cancel(transaction, seconds[1])
    assert rows(transaction) == (0, 0)


def test_a_few_of_many_are_named_and_all_are_counted(transaction: Transaction) -> None:
    firsts = [job.id for job in queued(transaction, MANY)]
    (second,) = waiting(transaction, Dependencies(completed=tuple(firsts)))
    found = gates.waited(transaction.connection, {second.gate_id, None})
    assert found == {second.gate_id: Waited(tuple(firsts[:10]), MANY)}


def test_the_end_of_a_job_that_nobody_waits_for_costs_one_look(transaction: Transaction) -> None:
    (first, other) = queued(transaction, 2)
    waiting(transaction, Dependencies(completed=(first.id,)))
    asked: list[str] = []

    @event.listens_for(transaction.connection, "before_cursor_execute")
    def _note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.extend([statement] if "gate_members" in statement else [])

    cancel(transaction, other)
    (looked,) = asked
    plan = transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {looked}", (other.id, 1, 0))
    steps = [row[3] for row in plan]
    assert steps == ["SEARCH gate_members USING COVERING INDEX gates_of_job (job_id=?)"]
