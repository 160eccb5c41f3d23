import asyncio
from pathlib import Path

from sqlalchemy import insert

from joborch.domain.signatures import signature_of
from joborch.domain.states import JobState
from joborch.process.clock import Clock
from joborch.server.live.signatures import MOST_KNOWN, Signatures
from joborch.server.operations import groups
from joborch.server.operations.groups import LONGEST_S, MOST_EXAMINED, PORTION
from joborch.server.operations.query import JobQuery
from joborch.server.store.database import Transaction
from joborch.server.store.tables import JOBS, PAYLOADS
from joborch.wire.groups import JobGroups
from tests.support.bench import Bench, a_bench, a_zip
from tests.support.builders import FrozenClock, a_job

LOG = {".joborch/stderr.log": "Error: no chain\n"}


class SlowClock(FrozenClock):
    """A clock of a machine on which everything takes long."""

    def monotonic(self) -> float:
        self.advance(seconds=LONGEST_S * 0.6)
        return super().monotonic()


async def by_signature(bench: Bench, *, clock: Clock, signatures: Signatures) -> JobGroups:
    return await groups.grouped(
        "signature",
        JobQuery(),
        database=bench.parts.database,
        blobs=bench.parts.blobs,
        signatures=signatures,
        clock=clock,
    )


def test_what_is_known_of_a_job_outlives_its_results(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, "failed", exit_code=1, results=a_zip(**LOG))
            seen, clock = Signatures(), bench.clock
            before = await by_signature(bench, clock=clock, signatures=seen)
            bench.parts.blobs.remove_results(job_id, 1)

            again = await by_signature(bench, clock=clock, signatures=seen)
            afresh = await by_signature(bench, clock=clock, signatures=Signatures())

            assert [group.text for group in again.items] == ["exit 1 · Error: no chain"]
            assert again == before
            assert [group.text for group in afresh.items] == ["exit 1"]

    asyncio.run(story())


def test_results_that_are_no_archive_tell_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, "failed", exit_code=1, results=b"PK no archive")

            found = await by_signature(bench, clock=bench.clock, signatures=Signatures())

            assert [group.text for group in found.items] == ["exit 1"]

    asyncio.run(story())


def test_logs_are_read_for_so_long_and_the_next_answer_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.parts.database.write(lambda t: add_failures(t, 3 * PORTION))
            seen = Signatures()

            found = await by_signature(bench, clock=SlowClock(), signatures=seen)
            assert (found.examined, found.total) == (PORTION, 3 * PORTION)

            found = await by_signature(bench, clock=SlowClock(), signatures=seen)
            assert found.examined == 2 * PORTION

            found = await by_signature(bench, clock=bench.clock, signatures=seen)
            assert found.examined == found.total

    asyncio.run(story())


def test_only_the_newest_failures_are_looked_at(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.parts.database.write(lambda t: add_failures(t, MOST_EXAMINED + 5))

            found = await by_signature(bench, clock=bench.clock, signatures=Signatures())

            assert (found.examined, found.total) == (MOST_EXAMINED, MOST_EXAMINED + 5)
            [only] = found.items
            assert only.first_id == 6
            assert only.ids == [*range(6, MOST_EXAMINED + 6)]

    asyncio.run(story())


def add_failures(transaction: Transaction, count: int) -> None:
    """Add jobs that failed and left nothing."""
    at = FrozenClock().now()
    row = {
        "user_id": "ann",
        "service": "example",
        "name": "n",
        "state": "failed",
        "payload_id": "p",
        "priority": 50,
        "attempt": 1,
        "max_attempts": 3,
        "losses": 0,
        "tags": {},
        "env": {},
        "demand": {},
        "submitted_at": at,
        "finished_at": at,
        "exit_code": 1,
    }
    payload = {"id": "p", "files": [], "size_bytes": 0, "created_at": at}
    transaction.connection.execute(insert(PAYLOADS), [payload])
    transaction.connection.execute(insert(JOBS), [row] * count)


def test_the_oldest_are_forgotten_if_too_many_are_known() -> None:
    async def story() -> None:
        seen = Signatures()
        signature = signature_of(a_job(state=JobState.FAILED, exit_code=1))
        seen.learn({(job_id, 1): signature for job_id in range(MOST_KNOWN)})
        seen.learn({(MOST_KNOWN, 1): signature, (MOST_KNOWN + 1, 1): signature})

        assert [seen.get((job_id, 1)) for job_id in (0, 1)] == [None, None]
        assert seen.get((2, 1)) == seen.get((MOST_KNOWN + 1, 1)) == signature

    asyncio.run(story())
