import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from joborch.domain.states import JobState
from tests.server.operations.test_lease import cancel_job
from tests.support.bench import a_bench


def test_jobs_of_a_silent_agent_go_back_to_the_queue(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            await agent.take()
            bench.clock.advance(seconds=59)
            await bench.rescue()
            assert (await bench.job(job_id)).state is JobState.ASSIGNED
            bench.clock.advance(seconds=1)
            await bench.rescue()
            job = await bench.job(job_id)
            assert (job.state, job.agent_id) == (JobState.QUEUED, None)
            assert job.reason == "agent compute-1 has not been heard of"
            assert await bench.usage() == (0, 1)

    asyncio.run(story())


def test_a_jump_of_the_wall_clock_loses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            job_id = await bench.submit_one()
            await (await bench.agent()).take()
            bench.clock.jump(days=30)
            await bench.rescue()
            assert (await bench.job(job_id)).state is JobState.ASSIGNED

    asyncio.run(story())


def test_a_restarted_server_gives_agents_the_full_time_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            job_id = await bench.submit_one()
            await (await bench.agent()).take()
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            bench.clock.advance(seconds=59)
            await bench.rescue()
            assert (await bench.job(job_id)).state is JobState.ASSIGNED
            bench.clock.advance(seconds=2)
            await bench.rescue()
            assert (await bench.job(job_id)).state is JobState.QUEUED

    asyncio.run(story())


def test_a_lost_job_that_was_to_be_cancelled_is_cancelled(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            job_id = await bench.submit_one()
            await (await bench.agent()).take()
            await cancel_job(bench, job_id)
            bench.clock.advance(seconds=61)
            await bench.rescue()
            assert (await bench.job(job_id)).state is JobState.CANCELLED
            assert await bench.usage() == (0, 0)

    asyncio.run(story())


def test_the_next_look_is_when_the_next_lease_could_be_lost(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            await bench.submit()
            await (await bench.agent()).take()
            bench.clock.advance(seconds=20)
            assert await bench.rescue() == 40

    asyncio.run(story())


@pytest.mark.parametrize(
    "nobody",
    ["DELETE FROM agents", "UPDATE agents SET removed_at = 1", "UPDATE agents SET id = 'another'"],
)
def test_jobs_that_nobody_holds_go_back_to_the_queue_in_time_after_a_start(
    tmp_path: Path, nobody: str
) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            await agent.take()
        with closing(sqlite3.connect(tmp_path / "joborch.db")) as database, database:
            database.execute(nobody)
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            bench.clock.advance(seconds=20)
            assert await bench.rescue() == 40
            assert (await bench.job(job_id)).state is JobState.ASSIGNED
            bench.clock.advance(seconds=40)
            await bench.rescue()
            job = await bench.job(job_id)
            assert (job.state, job.reason) == (
                JobState.QUEUED,
                f"agent {agent.agent.id} has not been heard of",
            )

    asyncio.run(story())
