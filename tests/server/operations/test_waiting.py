"""Why jobs wait, many at once, and in which order the lines are served."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from joborch.server.operations.waiting import waiting
from joborch.wire.waiting import Waiting
from tests.server.operations.operators import pauses
from tests.support.bench import Bench, a_bench
from tests.support.builders import NOON


async def ask(bench: Bench, job_ids: Collection[int] = ()) -> Waiting:
    parts = bench.parts
    return await waiting(
        job_ids, database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )


async def reasons(bench: Bench, job_ids: Collection[int]) -> dict[int, str]:
    return {each.id: each.reason for each in (await ask(bench, job_ids)).items}


def test_each_job_has_its_own_reason_and_those_that_do_not_wait_have_none(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=2") as bench:
            first, second, third = (job.id for job in (await bench.submit(array="1-3")).jobs)
            held = await bench.submit_one(is_held=True)
            later = await bench.submit_one(not_before=NOON + timedelta(hours=1))
            await (await bench.agent(slots=2)).take(2)
            bobs = await bench.submit_one(user="bob")
            assert await reasons(bench, [first, second, third, held, later, bobs, 999]) == {
                third: "quota_user",
                held: "held",
                later: "not_before",
                bobs: "agent_full",
            }

    asyncio.run(story())


def test_a_pause_comes_before_whatever_else_is_in_the_way(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            assert await reasons(bench, [job_id]) == {job_id: "no_agent"}
            await pauses(bench)
            assert await reasons(bench, [job_id]) == {job_id: "service_paused"}

    asyncio.run(story())


def test_no_more_jobs_are_next_than_there_is_room_for(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(slots=2)
            await bench.submit_one(user="ann")
            await agent.take(1)
            anns = [job.id for job in (await bench.submit(array="1-2", user="ann")).jobs]
            bobs = await bench.submit_one(user="bob")
            told = await ask(bench, [*anns, bobs])
            assert {each.id: each.reason for each in told.items} == {
                anns[0]: "agent_full",
                anns[1]: "agent_full",
                bobs: "next",
            }
            assert [(turn.user_id, turn.reason) for turn in told.turns] == [
                ("bob", "next"),
                ("ann", "agent_full"),
            ]
            # A job is not next because those before it were not asked about.
            assert await reasons(bench, [anns[1]]) == {anns[1]: "agent_full"}

    asyncio.run(story())


def test_the_lines_are_told_in_the_order_in_which_they_are_served(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=1") as bench:
            await bench.submit(array="1-2", user="ann")
            await (await bench.agent(slots=1)).take(1)
            bobs = await bench.submit_one(user="bob")
            await bench.submit_one(user="bob")
            urgent = await bench.submit_one(user="cem", priority=90)
            turns = (await ask(bench)).turns
            assert [(turn.user_id, turn.reason) for turn in turns] == [
                ("cem", "agent_full"),
                ("bob", "agent_full"),
                ("ann", "quota_user"),
            ]
            assert [turn.job_id for turn in turns[:2]] == [urgent, bobs]

    asyncio.run(story())
