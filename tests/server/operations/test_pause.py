"""A service that is paused: what it still does, what it does not, and what is said of it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from joborch.domain.errors import ServiceNotFoundError
from joborch.domain.states import JobState
from joborch.server.operations import statistics
from joborch.server.operations.estimate import Plan, estimate
from joborch.server.operations.statistics import Scope
from joborch.wire.services import PauseView
from tests.server.operations.operators import pauses, resumes, service, why
from tests.support.bench import Bench, a_bench
from tests.support.builders import NOON


async def some_history(bench: Bench) -> None:
    """Have as many jobs run as an estimate needs."""
    agent = await bench.agent(slots=9)
    await bench.submit(array="1-5")
    for lease in await agent.take(5):
        await agent.start(lease)
        bench.clock.advance(seconds=10)
        await agent.report(lease)
    await agent.poll()


def test_it_takes_jobs_and_starts_none_until_it_is_resumed(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent()
            await pauses(bench)
            job_id = await bench.submit_one()

            assert (await agent.poll()).leases == []

            await resumes(bench)
            (lease,) = await agent.take()
            assert lease.job_id == job_id

    asyncio.run(story())


def test_what_it_runs_goes_on_and_ends_as_ever(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent()
            job_id = await bench.submit_one()
            (lease,) = await agent.take()

            await pauses(bench)

            await agent.start(lease)
            assert (await bench.job(job_id)).state is JobState.RUNNING
            assert await agent.report(lease) == "recorded"

    asyncio.run(story())


def test_what_comes_back_to_the_queue_waits_as_well(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent()
            await bench.submit_one()
            (lease,) = await agent.take()
            await pauses(bench)

            await agent.report(lease, "lost")
            bench.clock.advance(hours=1)

            assert (await agent.poll()).leases == []

    asyncio.run(story())


def test_other_services_go_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example", "other") as bench:
            agent = await bench.agent(services={"example": 4, "other": 4})
            await pauses(bench)
            await bench.submit()
            other = await bench.submit_one(service="other")

            assert [lease.job_id for lease in await agent.take(1)] == [other]

    asyncio.run(story())


def test_a_pause_outlives_the_server(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await pauses(bench, reason="new disks")
            await bench.submit()
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent()
            assert (await agent.poll()).leases == []
            assert (await service(bench)).paused == PauseView(at=NOON, by="eve", reason="new disks")

    asyncio.run(story())


def test_a_pause_of_what_is_paused_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await pauses(bench, reason="first")
            before = (await service(bench)).paused
            bench.clock.advance(minutes=5)

            await pauses(bench, reason="second")

            assert (await service(bench)).paused == before

    asyncio.run(story())


def test_a_service_that_is_not_paused_can_be_resumed(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await resumes(bench)
            assert (await service(bench)).paused is None

    asyncio.run(story())


@pytest.mark.parametrize("act", [pauses, resumes])
def test_a_service_that_there_is_not_is_not_found(tmp_path: Path, act: object) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            with pytest.raises(ServiceNotFoundError):
                await act(bench, "nope")  # type: ignore[operator]  # one of the two above

    asyncio.run(story())


def test_nothing_starts_once_a_pause_is_answered_that_met_a_dispatch(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(slots=9)
            await bench.submit(array="1-3")
            asking = await agent.ask()

            await asyncio.gather(bench.dispatch(), pauses(bench))

            given_before = await bench.usage()
            await bench.submit(array="1-3")
            await bench.dispatch()
            assert len((await asking).leases) == given_before[0]
            assert (await bench.usage())[0] == given_before[0]

    asyncio.run(story())


def test_a_job_that_waits_for_it_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.agent()
            await pauses(bench, reason="new disks")
            job_id = await bench.submit_one()
            bench.clock.advance(minutes=5)

            said = await why(bench, job_id)

            assert said.reason == "service_paused"
            assert said.message == (
                "example is paused (by eve, 5m ago: new disks); number 1 of ann's line for example"
            )
            assert said.paused == PauseView(at=NOON, by="eve", reason="new disks")
            assert said.remedies == ["resume it: joborch services resume example"]

    asyncio.run(story())


def test_nobody_knows_when_its_jobs_start(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await some_history(bench)
            job_id = await bench.submit_one()
            await pauses(bench)
            parts = bench.parts

            of_new = await estimate(
                Plan(service="example", user_id="bob", jobs=1),
                database=parts.database,
                catalog=parts.catalog,
                roll=parts.roll,
                clock=parts.clock,
            )
            of_all = await statistics.statistics(
                Scope(window=timedelta(hours=1), buckets=6),
                database=parts.database,
                catalog=parts.catalog,
                roll=parts.roll,
                clock=parts.clock,
                recent=parts.statistics,
            )

            assert (await why(bench, job_id)).estimate_reason == "example is paused"
            assert of_new.reason == "example is paused"
            assert of_all.drain_reason == "example is paused"

    asyncio.run(story())
