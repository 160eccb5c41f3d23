import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.bench import a_bench


def test_wrong_counters_are_mended_at_the_start(tmp_path: Path) -> None:
    async def submit() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit(array="1-3")
            await (await bench.agent(slots=1)).take()

    async def look() -> tuple[tuple[int, int], list[str]]:
        async with a_bench(tmp_path) as bench:
            return await bench.usage(), await bench.counter_drift()

    asyncio.run(submit())
    with closing(sqlite3.connect(tmp_path / "joborch.db")) as database, database:
        database.execute("UPDATE usage SET active = 7, queued = 0")
    assert asyncio.run(look()) == ((1, 2), [])
