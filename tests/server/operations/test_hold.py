import asyncio
from pathlib import Path

import pytest

from joborch.domain.errors import JobNotFoundError, WrongStateError
from joborch.domain.jobs import Job
from joborch.domain.states import JobState
from joborch.server.operations import hold
from tests.server.operations.test_explain import ask
from tests.support.bench import Bench, a_bench


async def hold_job(bench: Bench, job_id: int) -> Job:
    parts = bench.parts
    return await hold.hold(job_id, actor="user:ann", database=parts.database, clock=parts.clock)


async def release_job(bench: Bench, job_id: int, woken: list[str] | None = None) -> Job:
    parts = bench.parts
    return await hold.release(
        job_id,
        actor="user:ann",
        database=parts.database,
        clock=parts.clock,
        wake=lambda: (woken if woken is not None else []).append("dispatch"),
    )


def test_a_held_job_is_given_to_nobody_until_it_is_released(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id, agent = await bench.submit_one(), await bench.agent()
            held = await hold_job(bench, job_id)
            assert (held.held_at, held.state) == (bench.clock.now(), JobState.QUEUED)
            assert (await agent.poll()).leases == []
            assert (await release_job(bench, job_id)).held_at is None
            assert [lease.job_id for lease in (await agent.poll()).leases] == [job_id]
            assert await bench.told(job_id) == ["submit", "held", "released", "assign"]

    asyncio.run(story())


def test_the_next_in_line_goes_ahead_of_a_held_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first, second = await bench.submit_one(), await bench.submit_one()
            await hold_job(bench, first)
            (lease,) = await (await bench.agent(slots=1)).take()
            assert lease.job_id == second

    asyncio.run(story())


def test_a_release_wakes_the_dispatch(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one(is_held=True)
            woken: list[str] = []
            await release_job(bench, job_id, woken)
            assert woken == ["dispatch"]

    asyncio.run(story())


def test_holding_and_releasing_twice_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await release_job(bench, job_id)
            since = (await hold_job(bench, job_id)).held_at
            bench.clock.advance(hours=1)
            assert (await hold_job(bench, job_id)).held_at == since
            await release_job(bench, job_id)
            await release_job(bench, job_id)
            assert await bench.told(job_id) == ["submit", "held", "released"]

    asyncio.run(story())


def test_what_an_agent_has_cannot_be_held(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            with pytest.raises(WrongStateError, match="assigned"):
                await hold_job(bench, job_id)
            await agent.start(lease)
            with pytest.raises(WrongStateError, match="running"):
                await hold_job(bench, job_id)
            await agent.report(lease)
            with pytest.raises(WrongStateError, match="completed"):
                await release_job(bench, job_id)
            assert (await bench.job(job_id)).held_at is None

    asyncio.run(story())


def test_there_is_nothing_to_hold_where_there_is_no_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            with pytest.raises(JobNotFoundError):
                await hold_job(bench, 99)
            with pytest.raises(JobNotFoundError):
                await release_job(bench, 99)

    asyncio.run(story())


def test_a_held_job_stays_held_when_the_server_starts_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await hold_job(bench, job_id)
        async with a_bench(tmp_path) as bench:
            assert (await (await bench.agent()).poll()).leases == []
            assert (await bench.job(job_id)).held_at is not None
            assert await bench.counter_drift() == []

    asyncio.run(story())


def test_a_held_job_stands_in_no_line_and_is_ahead_of_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first, second = await bench.submit_one(), await bench.submit_one()
            await hold_job(bench, first)
            held, waits = await ask(bench, first), await ask(bench, second)
            assert (held.reason, held.position, held.ahead) == ("held", None, None)
            assert held.message == "held by ann until somebody releases it"
            assert (waits.position, waits.ahead) == (1, 0)

    asyncio.run(story())
