"""What is late, misdirected or overtaken changes nothing, however the messages interleave."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from joborch.domain.errors import NotAllowedError, StaleJobError
from joborch.domain.states import JobEvent, JobState
from joborch.server.operations import lease, report
from joborch.server.operations.enrol import hash_of
from joborch.server.operations.rescue import put_back
from joborch.server.store import jobs
from joborch.server.store.database import Transaction
from joborch.wire.agents import Lease
from tests.support.bench import Bench, ScriptedAgent, a_bench, a_zip
from tests.support.waiting import async_wait_until


@asynccontextmanager
async def writer_held_up(bench: Bench) -> AsyncIterator[None]:
    """Have what is written meanwhile wait in line until the block ends."""
    may_go_on = threading.Event()
    holding = asyncio.create_task(
        bench.parts.database.write(lambda _: may_go_on.wait(10)), name="hold up"
    )
    await asyncio.sleep(0)
    try:
        yield
    finally:
        may_go_on.set()
        await holding


def give_to_another(transaction: Transaction, job_id: int, bench: Bench) -> None:
    """Put a job back and assign it at once to an agent that is not the first one."""
    job, now = jobs.find(transaction.connection, job_id), bench.clock.now()
    put_back(transaction, job, "lost", actor="test", now=now)
    job = jobs.find(transaction.connection, job_id)
    change = job.after(JobEvent.ASSIGN, at=now)
    change = replace(change, after=replace(change.after, attempt=2, agent_id="a-2"))
    jobs.move(transaction, change, actor="test", last_agent_id="a-2", token_hash=hash_of("second"))


async def sends_results(agent: ScriptedAgent, held: Lease, *, attempt: int = 1) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"late"

    await report.receive(
        agent.agent,
        held.job_id,
        attempt,
        held.token,
        offset=0,
        chunks=chunks(),
        database=agent.bench.parts.database,
        blobs=agent.bench.parts.blobs,
    )


def test_a_report_that_names_another_attempt_than_its_lease_is_discarded(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (held,) = await agent.take()
            assert await agent.report(held, attempt=2) == "discard"
            assert (await bench.job(job_id)).state is JobState.ASSIGNED

    asyncio.run(story())


def test_a_report_that_is_overtaken_while_its_results_come_is_discarded(tmp_path: Path) -> None:
    """It was in order when it came; by the time that it is recorded, another agent has the job."""

    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (held,) = await agent.take()
            database = bench.parts.database
            async with writer_held_up(bench):
                giving = asyncio.create_task(
                    database.write(lambda t: give_to_another(t, job_id, bench)), name="give"
                )
                await asyncio.sleep(0)
                late = asyncio.create_task(agent.report(held, results=a_zip(out="late")))
                await async_wait_until(lambda: [*tmp_path.rglob("*-1.zip")])
            await giving
            assert await late == "discard"
            job = await bench.job(job_id)
            assert (job.state, job.attempt, job.has_results) == (JobState.ASSIGNED, 2, False)
            assert not [*tmp_path.rglob("*-1.zip")]

    asyncio.run(story())


def test_results_of_what_is_over_are_not_taken(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit()
            agent = await bench.agent()
            (held,) = await agent.take()
            with pytest.raises(StaleJobError):
                await sends_results(agent, held, attempt=2)
            await agent.report(held)
            with pytest.raises(StaleJobError):
                await sends_results(agent, held)
            assert not [*(tmp_path / "incoming").iterdir()]

    asyncio.run(story())


def test_a_stranger_sends_no_results(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit()
            agent, stranger = await bench.agent("one"), await bench.agent("two")
            (held,) = await agent.take()
            with pytest.raises(NotAllowedError):
                await sends_results(stranger, held)
            assert not [*(tmp_path / "incoming").iterdir()]

    asyncio.run(story())


def test_a_submission_that_is_repeated_leaves_no_files_of_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit(key="k")
            again = await bench.submit(key="k")
            assert (first.is_duplicate, again.is_duplicate) == (False, True)
            payloads = [path.name for path in tmp_path.glob("payloads/*/*")]
            assert payloads == [first.jobs[0].payload_id]

    asyncio.run(story())


def test_a_notice_of_an_attempt_that_is_over_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (first,) = await agent.take()
            await agent.report(first, "lost", reason="power cut")
            bench.clock.advance(seconds=11)
            await agent.take()
            await agent.start(first)
            assert (await bench.job(job_id)).state is JobState.ASSIGNED

    asyncio.run(story())


def test_an_agent_reads_no_inputs_but_those_of_its_jobs(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(slots=1)
            await bench.submit()
            (held,) = await agent.take()
            other = await bench.submit(user="bob")
            parts = bench.parts
            with pytest.raises(NotAllowedError):
                await lease.payload_file(
                    agent.agent,
                    other.jobs[0].payload_id,
                    "run.sh",
                    database=parts.database,
                    blobs=parts.blobs,
                )
            own = await lease.payload_file(
                agent.agent,
                held.payload_id,
                "run.sh",
                database=parts.database,
                blobs=parts.blobs,
            )
            own.close()

    asyncio.run(story())


def test_an_agent_whose_poll_is_held_loses_nothing(tmp_path: Path) -> None:
    """However long it is held: it is answered when there is something, and that is the lease."""

    async def story() -> None:
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            await agent.take()
            asking = await agent.ask()
            bench.clock.advance(seconds=61)
            await bench.rescue()
            assert (await bench.job(job_id)).state is JobState.ASSIGNED
            asking.cancel()
            await asyncio.wait({asking})

    asyncio.run(story())


def test_a_report_that_comes_while_its_lease_is_being_lost_is_kept(tmp_path: Path) -> None:
    """The lease was found lost before the report was recorded, and put back after it."""

    async def story() -> None:
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (held,) = await agent.take()
            bench.clock.advance(seconds=61)
            async with writer_held_up(bench):
                reporting = asyncio.create_task(agent.report(held, results=a_zip(out="1")))
                await async_wait_until(lambda: [*tmp_path.rglob("*-1.zip")])
                rescuing = asyncio.create_task(bench.rescue())
                await async_wait_until(bench.parts.roll.ledger.locked)
                for _ in range(5):
                    await bench.job(job_id)  # in line after what the rescue reads
            assert await reporting == "recorded"
            await rescuing
            assert (await bench.job(job_id)).state is JobState.COMPLETED

    asyncio.run(story())
