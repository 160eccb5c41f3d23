"""What is said of the jobs of an agent that has fallen silent, and that it comes true."""

import asyncio
from datetime import timedelta
from pathlib import Path

from joborch.server.live.presence import LATE_AFTER_S
from joborch.server.operations import query
from joborch.wire.agents import AgentView
from tests.support.bench import Bench, a_bench

SERVICES = ("example:lost_after=60s", "patient:lost_after=1h")


async def the_agent(bench: Bench) -> AgentView:
    parts = bench.parts
    found = await query.agents(
        database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=bench.clock
    )
    return found.items[0]


def test_when_the_first_of_its_jobs_is_requeued_is_told_in_advance(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path / "data", *SERVICES) as bench:
            agent = await bench.agent(services={"example": 2, "patient": 2})
            await bench.submit(service="patient")
            await bench.submit()
            await agent.poll()
            await agent.poll()
            assert (await the_agent(bench)).requeue_at is None
            bench.clock.advance(seconds=LATE_AFTER_S)
            told = await the_agent(bench)
            assert (told.state, told.active) == ("late", 2)
            assert told.requeue_at == bench.clock.now() + timedelta(seconds=60 - LATE_AFTER_S)
            await bench.rescue()
            assert (await the_agent(bench)).active == 2
            bench.clock.advance(seconds=60 - LATE_AFTER_S)
            await bench.rescue()
            left = await the_agent(bench)
            assert left.active == 1
            assert left.requeue_at == bench.clock.now() + timedelta(seconds=3600 - 60)

    asyncio.run(story())


def test_of_a_silent_agent_without_jobs_nothing_is_to_be_requeued(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path / "data", *SERVICES) as bench:
            agent = await bench.agent()
            await agent.poll()
            bench.clock.advance(seconds=90)
            told = await the_agent(bench)
            assert (told.state, told.requeue_at) == ("down", None)

    asyncio.run(story())
