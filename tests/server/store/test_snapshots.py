import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite

from joborch.domain.agents import Agent, Capacity
from joborch.domain.jobs import NewJob
from joborch.domain.quotas import Limits
from joborch.server.store import jobs, schema, snapshots, submissions
from joborch.server.store.database import Transaction, connect
from joborch.server.store.submissions import Payload

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def transaction(tmp_path: Path):  # type: ignore[no-untyped-def]  # a generator of one
    schema.prepare(tmp_path / "x.db")
    engine = connect(tmp_path / "x.db")
    with engine.connect() as connection, connection.begin():
        made = Transaction(connection)
        submissions.add_payload(made, Payload(id="p", files={"run.sh": 1}), at=NOW)
        yield made
    engine.dispose()


def queue(transaction: Transaction, count: int, user: str = "ann", **but: object) -> list[int]:
    new = [NewJob(user_id=user, service="example", name="n", **but)] * count  # type: ignore[arg-type]
    added = jobs.add(transaction, new, payload_id="p", batch_id=None, actor="t", at=NOW)
    return [job.id for job in added]


def candidates(transaction: Transaction, most: int = 3) -> list[int]:
    found = snapshots.candidates(
        transaction.connection, limits={"example": Limits()}, most=most, now=NOW
    )
    return [job.job_id for job in found]


def test_only_the_first_of_each_line_are_read(transaction: Transaction) -> None:
    ann = queue(transaction, 100)
    bob = queue(transaction, 2, "bob")
    assert candidates(transaction) == [*ann[:3], *bob]


def test_held_and_postponed_jobs_are_no_candidates(transaction: Transaction) -> None:
    queue(transaction, 1, is_held=True)
    queue(transaction, 1, not_before=NOW + timedelta(seconds=1))
    due = queue(transaction, 1, not_before=NOW)
    assert candidates(transaction) == due
    assert snapshots.next_moment(transaction.connection, NOW) == NOW + timedelta(seconds=1)


def test_higher_priority_comes_first_in_a_line(transaction: Transaction) -> None:
    low = queue(transaction, 2)
    high = queue(transaction, 1, priority=90)
    assert candidates(transaction) == [*high, *low]


def test_room_is_what_held_jobs_leave(transaction: Transaction) -> None:
    agent = Agent(
        id="a-1",
        name="one",
        host="h",
        version="1",
        services={"example": 4},
        capacity=Capacity(slots=3),
        labels={},
        enrolled_at=NOW,
        seen_at=NOW,
    )
    queue(transaction, 1)
    transaction.connection.exec_driver_sql(
        "UPDATE jobs SET state = 'running', agent_id = 'a-1', attempt = 1"
    )
    (room,) = snapshots.agent_rooms(transaction.connection, {"a-1": (agent, 0.0, True)})
    assert (room.services["example"], room.free.slots) == (3, 2)


def test_the_line_is_read_by_its_index(tmp_path: Path) -> None:
    schema.prepare(tmp_path / "x.db")
    statement = snapshots.candidates_of("example", Limits(), most=3, now=NOW)
    text = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    with closing(sqlite3.connect(tmp_path / "x.db")) as raw:
        steps = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert any("jobs_line" in step for step in steps), steps
    assert any("usage_waiting" in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN")], steps
    assert not [step for step in steps if "TEMP B-TREE" in step], steps
