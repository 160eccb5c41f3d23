import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from joborch.domain.amendments import Amendment
from joborch.domain.errors import (
    AttemptedError,
    InvalidRequestError,
    JobNotFoundError,
    WrongStateError,
)
from joborch.domain.jobs import Job
from joborch.server.operations import amend
from tests.support.bench import Bench, a_bench


async def change(bench: Bench, job_id: int, woken: list[str] | None = None, **but: Any) -> Job:
    parts = bench.parts
    return await amend.amend(
        job_id,
        Amendment(**but),
        actor="user:ann",
        database=parts.database,
        catalog=parts.catalog,
        clock=parts.clock,
        wake=lambda: (woken if woken is not None else []).append("dispatch"),
    )


def test_a_waiting_job_takes_new_values_and_remembers_the_old(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one(tags={"run": "day"})
            later = bench.clock.now() + timedelta(hours=1)
            changed = await change(
                bench,
                job_id,
                priority=80,
                name="later",
                tags={"run": None, "by": "hand"},
                time_limit=timedelta(minutes=5),
                not_before=later,
            )
            assert changed == await bench.job(job_id)
            assert (changed.priority, changed.name, changed.tags) == (80, "later", {"by": "hand"})
            assert (changed.time_limit, changed.not_before) == (timedelta(minutes=5), later)
            event = (await bench.history(job_id))[-1]
            assert (event.event, event.actor) == ("changed", "user:ann")
            assert event.detail["priority"] == {"old": 50, "new": 80}
            assert event.detail["tags"] == {"old": {"run": "day"}, "new": {"by": "hand"}}
            assert event.detail["name"] == {"old": "hello", "new": "later"}

    asyncio.run(story())


def test_a_higher_priority_goes_first(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit_one()
            urgent = await bench.submit_one()
            woken: list[str] = []
            await change(bench, urgent, woken, priority=51)
            (lease,) = await (await bench.agent(slots=1)).take()
            assert (lease.job_id, woken) == (urgent, ["dispatch"])

    asyncio.run(story())


def test_a_job_can_be_put_off_and_let_begin_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id, agent = await bench.submit_one(), await bench.agent()
            await change(bench, job_id, not_before=bench.clock.now() + timedelta(days=30))
            assert (await agent.poll()).leases == []
            await change(bench, job_id, not_before=None)
            await agent.take()

    asyncio.run(story())


def test_the_new_time_limit_is_what_the_agent_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await change(bench, job_id, time_limit=timedelta(seconds=90))
            (lease,) = await (await bench.agent()).take()
            assert lease.time_limit_s == 90

    asyncio.run(story())


def test_a_service_bounds_the_time_limit_and_is_its_default(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:time_limit=1h") as bench:
            job_id = await bench.submit_one(time_limit=timedelta(minutes=1))
            with pytest.raises(InvalidRequestError, match="at most 3600 s"):
                await change(bench, job_id, time_limit=timedelta(hours=2), priority=80)
            unchanged = await bench.job(job_id)
            assert (unchanged.time_limit, unchanged.priority) == (timedelta(minutes=1), 50)
            changed = await change(bench, job_id, time_limit=None)
            assert changed.time_limit == timedelta(hours=1)

    asyncio.run(story())


def test_the_same_values_again_are_no_event(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await change(bench, job_id, priority=50, name="hello", tags={"none": None})
            assert await bench.told(job_id) == ["submit"]

    asyncio.run(story())


def test_what_an_agent_has_keeps_its_values(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await (await bench.agent()).take()
            with pytest.raises(WrongStateError, match="cannot set it"):
                await change(bench, job_id, priority=80)
            assert await bench.told(job_id) == ["submit", "assign"]

    asyncio.run(story())


def test_a_job_that_was_attempted_cannot_be_put_off(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, "given_back")
            pause = (await bench.job(job_id)).not_before
            with pytest.raises(AttemptedError, match="put off"):
                await change(bench, job_id, not_before=bench.clock.now() + timedelta(days=30))
            assert (await change(bench, job_id, priority=80)).not_before == pause

    asyncio.run(story())


def test_there_is_nothing_to_change_where_there_is_no_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            with pytest.raises(JobNotFoundError):
                await change(bench, 99, priority=1)

    asyncio.run(story())
