"""An agent that is removed: which may be, what remains of it, and what it is told."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from joborch.domain.errors import AgentInUseError, AgentNotFoundError
from joborch.server.operations import enrol, query
from joborch.server.operations.query import JobQuery
from joborch.wire.agents import CapacityView, Enrolled, Enrolment
from tests.server.operations.operators import removes
from tests.support.bench import Bench, ScriptedAgent, a_bench

SERVICE = "example:lost_after=60s"


async def names(bench: Bench) -> list[str]:
    parts = bench.parts
    every = await query.agents(
        database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )
    return [one.name for one in every.items]


async def one_that_ran_a_job(bench: Bench) -> tuple[ScriptedAgent, int]:
    agent = await bench.agent("compute-1")
    job_id = await bench.submit_one()
    await agent.report((await agent.take())[0])
    bench.clock.advance(seconds=60)
    return agent, job_id


async def enrolled(bench: Bench, before: Enrolled | None = None) -> Enrolled:
    enrolment: dict[str, Any] = {
        "name": "compute-1",
        "host": "host",
        "version": "1",
        "services": {"example": 1},
        "capacity": CapacityView(slots=1),
    }
    known = {"agent_id": before.agent_id, "key": before.key} if before else {}
    parts = bench.parts
    return await enrol.enrol(
        Enrolment(**enrolment | known),
        database=parts.database,
        catalog=parts.catalog,
        clock=parts.clock,
        settings=parts.settings,
    )


def test_one_that_is_down_is_gone_and_its_jobs_keep_its_name(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            _, job_id = await one_that_ran_a_job(bench)

            removed = await removes(bench, "compute-1")

            assert (removed.name, removed.state, await names(bench)) == ("compute-1", "down", [])
            database = bench.parts.database
            assert (await query.find(job_id, database=database)).agent == "compute-1"
            listed = await query.page(JobQuery(agent_ids=("compute-1",)), database=database)
            assert [(job.id, job.agent) for job in listed.items] == [(job_id, "compute-1")]

    asyncio.run(story())


def test_it_stays_removed_when_the_server_starts_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            await one_that_ran_a_job(bench)
            await removes(bench, "compute-1")
        async with a_bench(tmp_path, SERVICE) as bench:
            assert await names(bench) == []
            with pytest.raises(AgentNotFoundError):
                await removes(bench, "compute-1")

    asyncio.run(story())


@pytest.mark.parametrize(("silent_s", "state"), [(0, "up"), (30, "late")])
def test_one_that_is_not_down_stays(tmp_path: Path, silent_s: int, state: str) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            await (await bench.agent("compute-1")).poll()
            bench.clock.advance(seconds=silent_s)

            with pytest.raises(AgentInUseError, match=f"is {state}, and only"):
                await removes(bench, "compute-1")

            assert await names(bench) == ["compute-1"]

    asyncio.run(story())


def test_one_that_holds_a_job_stays_be_it_down(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            agent = await bench.agent("compute-1")
            await bench.submit()
            await agent.take()
            bench.clock.advance(seconds=60)

            with pytest.raises(AgentInUseError, match="holds 1 job"):
                await removes(bench, "compute-1")
            await bench.rescue()
            await removes(bench, "compute-1")

            assert await names(bench) == []

    asyncio.run(story())


def test_of_two_with_one_name_the_id_says_which(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            old = await bench.agent("compute-1")
            await (await bench.agent("compute-1")).poll()

            with pytest.raises(AgentInUseError, match="2 agents are called compute-1"):
                await removes(bench, "compute-1")
            assert (await removes(bench, old.agent.id)).id == old.agent.id

            assert await names(bench) == ["compute-1"]

    asyncio.run(story())


def test_its_key_opens_nothing_and_it_enrols_as_another(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            before = await enrolled(bench)
            await removes(bench, before.agent_id)

            with pytest.raises(AgentNotFoundError, match="was removed"):
                await enrol.authenticate(before.agent_id, before.key, database=bench.parts.database)
            after = await enrolled(bench, before)

            assert after.agent_id != before.agent_id
            assert await names(bench) == ["compute-1"]

    asyncio.run(story())


def test_under_its_new_identity_it_settles_nothing_of_the_old(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            old = await bench.agent("compute-1")
            job_id = await bench.submit_one()
            (lease,) = await old.take()
            bench.clock.advance(seconds=60)
            await bench.rescue()
            await removes(bench, "compute-1")

            new = await bench.agent("compute-1")

            assert await new.report(lease) == "discard"
            new.known = {(job_id, 1): lease}
            assert [stop.job_id for stop in (await new.poll()).stops] == [job_id]

    asyncio.run(story())


def test_a_first_poll_that_comes_after_it_was_removed_is_told_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            agent = await bench.agent("compute-1")
            await removes(bench, "compute-1")

            with pytest.raises(AgentNotFoundError, match="was removed"):
                await agent.hold()

    asyncio.run(story())


def test_a_poll_that_waits_while_its_agent_is_removed_is_told_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            agent, roll = await bench.agent("compute-1"), bench.parts.roll
            await agent.poll()
            async with roll.ledger:
                asking = asyncio.create_task(agent.hold(), name="poll")
                await asyncio.sleep(0)  # it waits for the ledger, which a removal holds
                roll.forget(agent.agent.id)

            with pytest.raises(AgentNotFoundError, match="was removed"):
                await asking

    asyncio.run(story())
