import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from joborch.server.operations.explain import explain
from joborch.wire.jobs import Explanation
from tests.support.bench import Bench, a_bench
from tests.support.builders import NOON


async def ask(bench: Bench, job_id: int) -> Explanation:
    (explanation,) = await ask_together(bench, [job_id])
    return explanation


async def ask_together(bench: Bench, job_ids: Sequence[int]) -> list[Explanation]:
    parts = bench.parts
    return await explain(
        job_ids,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        turned_away=parts.blobs.turned_away,
    )


def test_a_job_over_quota_says_who_holds_the_slots(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=2") as bench:
            jobs = (await bench.submit(array="1-5")).jobs
            await (await bench.agent(slots=9)).take(2)
            said = await ask(bench, jobs[4].id)
            assert (said.reason, said.user_active, said.user_limit) == ("quota_user", 2, 2)
            assert (said.position, said.ahead) == (3, 2)
            assert said.held_by == [jobs[0].id, jobs[1].id]
            assert "2/2" in said.message

    asyncio.run(story())


def test_a_throttled_batch_over_quota_waits_for_its_own_jobs(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=2") as bench:
            batch = (await bench.submit(array="1-3%1")).jobs
            await bench.submit()
            await (await bench.agent(slots=9)).take(2)
            said = await ask(bench, batch[1].id)
            assert (said.reason, said.user_active, said.user_limit) == ("batch_limit", 2, 2)
            assert said.message.startswith("its batch has as many active jobs")
            assert said.holders == [batch[0].id]
            assert not [text for text in said.remedies if "quota" in text or "serve" in text]

    asyncio.run(story())


def test_without_an_agent_that_is_the_reason(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            assert (await ask(bench, await bench.submit_one())).reason == "no_agent"

    asyncio.run(story())


def test_a_job_with_room_for_it_and_others_before_it_waits_for_its_turn(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await (await bench.agent(slots=9)).take(0)
            jobs = (await bench.submit(array="1-2")).jobs
            first, second = [await ask(bench, job.id) for job in jobs]
            assert first.message.startswith("nothing stands in its way")
            assert second.message.startswith("there is room for it, once it is its turn; number 2")

    asyncio.run(story())


def test_of_all_jobs_no_more_are_next_than_there_is_room_for(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await (await bench.agent(slots=1)).take(0)
            anns = [job.id for job in (await bench.submit(array="1-2", user="ann")).jobs]
            bobs = await bench.submit_one(user="bob")

            said = await ask_together(bench, [*anns, bobs])

            assert [each.reason for each in said] == ["next", "agent_full", "agent_full"]
            assert [each.position for each in said] == [1, 2, 1]
            assert said[1].message.startswith("jobs ahead of it take the room at the agents (1 up)")
            assert said[2].holders == []
            assert [await ask(bench, each.job_id) for each in said] == said

    asyncio.run(story())


def test_a_quota_that_jobs_ahead_will_use_up_is_not_told_to_be_used_up(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=2") as bench:
            await (await bench.agent(slots=9)).take(0)
            jobs = (await bench.submit(array="1-3")).jobs

            said = await ask_together(bench, [job.id for job in jobs])

            assert [each.reason for each in said] == ["next", "next", "quota_user"]
            assert "jobs ahead of it use up the quota of" in said[2].message
            assert "0/2 so far" in said[2].message
            assert said[2].holders == []

    asyncio.run(story())


def test_full_agents_are_the_reason_when_they_are(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            jobs = (await bench.submit(array="1-2")).jobs
            await (await bench.agent(slots=1)).take(1)
            said = await ask(bench, jobs[1].id)
            assert (said.reason, said.agents, said.free_slots) == ("agent_full", 1, 0)

    asyncio.run(story())


def test_a_job_whose_results_have_no_room_says_so_and_not_that_it_runs(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await (await bench.agent(slots=1)).take(1)
            bench.parts.blobs.turned_away.add((job_id, 1))
            assert "room on the server's disk" in (await ask(bench, job_id)).message

    asyncio.run(story())


def test_a_full_service_is_the_reason_when_it_is(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=2,max=1") as bench:
            jobs = (await bench.submit(array="1-2")).jobs
            await (await bench.agent(slots=9)).take(1)
            assert (await ask(bench, jobs[1].id)).reason == "quota_service"

    asyncio.run(story())


def test_held_and_postponed_jobs_say_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            held = await bench.submit_one(is_held=True)
            later = await bench.submit_one(not_before=NOON + timedelta(hours=2))
            assert (await ask(bench, held)).reason == "held"
            said = await ask(bench, later)
            assert (said.reason, "2h" in said.message) == ("not_before", True)

    asyncio.run(story())


def test_a_job_whose_time_has_not_come_stands_in_nobodys_way(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=1") as bench:
            await bench.submit_one()
            await (await bench.agent(slots=9)).take(1)
            later = await bench.submit_one(not_before=NOON + timedelta(hours=2))
            said = await ask(bench, await bench.submit_one())
            assert (said.position, said.ahead) == (1, 0)
            said = await ask(bench, later)
            assert (said.position, said.ahead) == (None, None)
            assert "line" not in said.message

    asyncio.run(story())


def test_a_quota_is_raised_together_with_what_else_is_full(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=1,max=1") as bench:
            await bench.submit_one()
            await (await bench.agent(slots=1)).take(1)
            mine = await ask(bench, await bench.submit_one())
            assert mine.remedies[1:] == [
                "raise per_user and max of example: "
                "joborch serve --service example:per_user=2,max=2",
                "start another agent, too: joborch agent --server URL --service example",
            ]
            others = await ask(bench, await bench.submit_one(user="bob"))
            assert others.remedies[1] == (
                "raise max of example: joborch serve --service example:per_user=1,max=2"
            )

    asyncio.run(story())


def test_a_job_that_does_not_wait_has_no_reason(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            assert (await ask(bench, job_id)).message == "on its way to an agent"
            await agent.report(lease, "failed", exit_code=3)
            said = await ask(bench, job_id)
            assert (said.reason, said.message) == (None, "failed: exit status 3")

    asyncio.run(story())
