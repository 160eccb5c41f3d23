import asyncio
from pathlib import Path

import pytest

from joborch.domain.errors import JobNotFoundError, WrongStateError
from joborch.domain.states import JobState
from tests.server.operations.test_lease import cancel_job
from tests.support.bench import a_bench


def test_a_waiting_job_is_cancelled_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await cancel_job(bench, job_id)
            assert (await bench.job(job_id)).state is JobState.CANCELLED
            assert await bench.usage() == (0, 0)
            assert (await (await bench.agent()).poll()).leases == []

    asyncio.run(story())


def test_a_finished_job_is_never_relabelled(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease)
            with pytest.raises(WrongStateError, match="completed"):
                await cancel_job(bench, job_id)
            assert (await bench.job(job_id)).state is JobState.COMPLETED

    asyncio.run(story())


def test_asking_twice_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await (await bench.agent()).take()
            await cancel_job(bench, job_id)
            await cancel_job(bench, job_id)
            assert await bench.told(job_id) == ["submit", "assign", "cancel_requested"]

    asyncio.run(story())


def test_a_cancelled_job_that_never_reached_its_agent_ends_without_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            await agent.take()
            agent.known.clear()
            await cancel_job(bench, job_id)
            assert (await agent.poll()).leases == []
            assert (await bench.job(job_id)).state is JobState.CANCELLED

    asyncio.run(story())


def test_there_is_nothing_to_cancel_where_there_is_no_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            with pytest.raises(JobNotFoundError):
                await cancel_job(bench, 99)

    asyncio.run(story())
