import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from joborch.domain.errors import ConflictError, StoreFailedError
from joborch.server.store import schema
from joborch.server.store.database import Connection, Database, Transaction
from joborch.wire.events import EventView
from tests.support.builders import NOON


def insert(transaction: Transaction, key: str) -> str:
    transaction.connection.execute(
        text("INSERT INTO idempotency VALUES ('ann', :key, 'f', 1, 1, 0)"), {"key": key}
    )
    return key


def an_event() -> EventView:
    return EventView(
        seq=1,
        job_id=1,
        attempt=0,
        event="submit",
        from_state=None,
        to_state="queued",
        actor="user:ann",
        at=NOON,
    )


def keys(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT key FROM idempotency ORDER BY key")).scalars())


def test_what_was_written_is_there_for_readers_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)

    async def story() -> None:
        database = Database(path)
        try:
            assert await database.write(lambda t: insert(t, "a")) == "a"
            assert await database.read(keys) == ["a"]
        finally:
            await database.close()

    asyncio.run(story())


def test_one_that_fails_in_a_group_undoes_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)

    def refuse(transaction: Transaction) -> str:
        insert(transaction, "refused")
        raise ConflictError("no")

    async def story() -> None:
        database = Database(path)
        try:
            works: list[Callable[[Transaction], str]] = [partial(insert, key=k) for k in "abc"]
            works.insert(1, refuse)
            done = await asyncio.gather(*map(database.write, works), return_exceptions=True)
            assert [type(result) for result in done] == [str, ConflictError, str, str]
            assert await database.read(keys) == ["a", "b", "c"]
        finally:
            await database.close()

    asyncio.run(story())


def test_what_a_failed_function_recorded_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)
    told: list[EventView] = []

    def refuse(transaction: Transaction) -> None:
        transaction.recorded.append(an_event())
        raise ConflictError("no")

    async def story() -> None:
        database = Database(path, on_commit=told.extend)
        try:
            with pytest.raises(ConflictError):
                await database.write(refuse)
        finally:
            await database.close()

    asyncio.run(story())
    assert told == []


def test_readers_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)

    async def story() -> None:
        database = Database(path)
        try:
            with pytest.raises(Exception, match="readonly"):
                await database.read(lambda c: insert(Transaction(c), "a"))
        finally:
            await database.close()

    asyncio.run(story())


def test_after_a_failed_commit_nothing_is_written_any_more(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)
    failures: list[str] = []

    def break_the_disk(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql("INSERT INTO no_such_table VALUES (1)")

    async def story() -> None:
        database = Database(path, on_failure=lambda: failures.append("told"))
        try:
            with pytest.raises(StoreFailedError):
                await database.write(break_the_disk)
            with pytest.raises(StoreFailedError):
                await database.write(lambda t: insert(t, "a"))
            assert failures == ["told"]
            assert await database.read(keys) == []
        finally:
            await database.close()

    asyncio.run(story())


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from joborch.server.store.database import Database
from tests.server.store.test_database import insert

async def main():
    database = Database(Path(sys.argv[1]))
    await database.write(lambda t: insert(t, "acknowledged"))
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT key FROM idempotency").fetchall() == [("acknowledged",)]
    raw.close()


def test_the_connections_are_set_to_flush_every_commit(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)

    async def story() -> None:
        database = Database(path)
        try:
            pragmas = await database.write(
                lambda t: [
                    t.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                    for name in ("journal_mode", "synchronous", "foreign_keys")
                ]
            )
            assert pragmas == ["wal", 2, 1]
            checkpoints = await database.read(
                lambda c: c.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar()
            )
            assert checkpoints == 0
        finally:
            await database.close()

    asyncio.run(story())
