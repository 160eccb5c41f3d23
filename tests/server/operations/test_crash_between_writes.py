"""The server is killed between any two statements: what a start finds then is never half a move.

Killing is not needed for that: what is on disk at a moment is what a process that is killed at
that moment leaves there. So the database is copied after each statement.
"""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from tests.faults import invariants
from tests.support.bench import Bench, a_bench, a_zip


@contextmanager
def copied_after_each_statement(database: Path, into: Path) -> Iterator[list[Path]]:
    """Copy the database, with its log, whenever a statement has been executed."""
    copies: list[Path] = []

    def copy(*_: Any) -> None:
        folder = into / str(len(copies))
        folder.mkdir(parents=True)
        for part in database.parent.glob(f"{database.name}*"):
            shutil.copy(part, folder)
        copies.append(folder / database.name)

    event.listen(Engine, "after_cursor_execute", copy)
    try:
        yield copies
    finally:
        event.remove(Engine, "after_cursor_execute", copy)


async def live(bench: Bench) -> None:
    """A job is lost once, tried again, and completed."""
    await bench.submit_one()
    agent = await bench.agent()
    (first,) = await agent.take()
    await agent.start(first)
    await agent.report(first, "lost", reason="power cut")
    bench.clock.advance(seconds=11)
    (second,) = await agent.take()
    await agent.report(second, results=a_zip(out="1"))


def faults_in(copy: Path) -> list[str]:
    with invariants.opened(copy) as database:
        return [*invariants.follows_the_table(database), *invariants.counts_right(database)]


def states_in(copy: Path) -> list[str]:
    with invariants.opened(copy) as database:
        return [row[0] for row in database.execute("SELECT state FROM jobs")]


def test_a_crash_between_two_statements_leaves_no_job_stuck_and_no_slot_taken(
    tmp_path: Path,
) -> None:
    async def story() -> list[Path]:
        async with a_bench(tmp_path / "data") as bench:
            path = bench.parts.database.path
            with copied_after_each_statement(path, tmp_path / "copies") as copies:
                await live(bench)
            return copies

    copies = asyncio.run(story())
    assert {copy: faults for copy in copies if (faults := faults_in(copy))} == {}
    seen = [state for copy in copies for state in states_in(copy)]
    assert {*seen} == {"queued", "assigned", "running", "completed"}
