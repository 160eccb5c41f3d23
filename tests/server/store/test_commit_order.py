"""Whoever is answered, and whoever is told, may rely on what others read from the disk by then."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, event

from joborch.server.store import schema
from joborch.server.store.database import Database, Transaction
from joborch.wire.events import EventView
from tests.server.store.test_database import an_event, insert


def test_nobody_is_answered_or_told_before_the_commit(tmp_path: Path) -> None:
    """Each commit is held up until an answer would have come, had it not waited."""
    path = tmp_path / "x.db"
    schema.prepare(path)
    seen: list[tuple[str, int]] = []

    def on_disk() -> int:
        with closing(sqlite3.connect(path)) as raw:
            return int(raw.execute("SELECT count(*) FROM idempotency").fetchone()[0])

    def told(_: list[EventView]) -> None:
        seen.append(("told", on_disk()))

    def work(transaction: Transaction) -> None:
        insert(transaction, "a")
        transaction.recorded.append(an_event())

    async def story() -> None:
        loop = asyncio.get_running_loop()

        def hold_up(_: Connection) -> None:
            # What was handed to the event loop before is carried out before this.
            asyncio.run_coroutine_threadsafe(a_few_turns(), loop).result(10)

        database = Database(path, on_commit=told)
        event.listen(Engine, "commit", hold_up)
        try:
            await database.write(work)
            seen.append(("answered", on_disk()))
        finally:
            event.remove(Engine, "commit", hold_up)
            await database.close()

    asyncio.run(story())
    assert seen == [("told", 1), ("answered", 1)]


async def a_few_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
