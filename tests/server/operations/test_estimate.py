import asyncio
from datetime import timedelta
from pathlib import Path

from joborch.server.operations.drain import drain
from joborch.server.operations.estimate import Plan, estimate
from joborch.server.operations.explain import explain
from joborch.wire.jobs import Explanation
from joborch.wire.statistics import StartEstimate
from tests.support.bench import Bench, ScriptedAgent, a_bench
from tests.support.builders import NOON


async def ask(bench: Bench, job_id: int) -> Explanation:
    parts = bench.parts
    (told,) = await explain(
        [job_id], database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )
    return told


async def plan(bench: Bench, jobs: int) -> StartEstimate:
    parts = bench.parts
    return await estimate(
        Plan(service="example", user_id="ann", jobs=jobs),
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


async def a_history(bench: Bench, agent: ScriptedAgent, *, runs: int, each_s: float) -> None:
    """Have jobs of somebody else run, one after the other."""
    for _ in range(runs):
        await bench.submit(user="bob")
        (lease,) = await agent.take()
        await agent.start(lease)
        bench.clock.advance(seconds=each_s)
        await agent.report(lease)


def test_a_job_in_line_is_told_when_it_starts(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(slots=1)
            await a_history(bench, agent, runs=5, each_s=600)
            jobs = (await bench.submit(array="1-3")).jobs
            await agent.start((await agent.take())[0])
            bench.clock.advance(seconds=200)
            await agent.poll()
            said = await ask(bench, jobs[2].id)
            assert said.estimate is not None
            assert said.estimate.expected_s == 1000  # 400 are left, and one is before it
            assert 900 < said.estimate.low_s < 1000 < said.estimate.high_s < 1100
            assert said.estimate_reason is None

    asyncio.run(story())


def test_without_a_history_nothing_is_estimated(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(slots=1)
            await a_history(bench, agent, runs=4, each_s=600)
            jobs = (await bench.submit(array="1-2")).jobs
            await agent.take()
            said = await ask(bench, jobs[1].id)
            assert said.estimate is None
            assert said.estimate_reason == "fewer than 5 jobs of example have run"

    asyncio.run(story())


def test_what_cannot_start_is_not_estimated_and_told_what_helps(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(slots=1)
            await a_history(bench, agent, runs=5, each_s=600)
            held = await bench.submit_one(is_held=True)
            said = await ask(bench, held)
            assert (said.estimate, said.estimate_reason) == (None, "it is held")
            assert said.remedies == [f"let it go: joborch release {held}"]
            bench.clock.advance(seconds=60)
            job_id = await bench.submit_one()
            said = await ask(bench, job_id)
            assert said.estimate_reason == "no agent that takes jobs offers example"
            assert said.remedies == ["start an agent: joborch agent --server URL --service example"]

    asyncio.run(story())


def test_an_agent_that_drains_is_named_as_what_could_help(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent("compute-1")
            await agent.poll()
            await drain_one(bench, "compute-1")
            job_id = await bench.submit_one()
            said = await ask(bench, job_id)
            assert said.reason == "no_agent"
            assert said.remedies[0] == "resume an agent: joborch agents resume compute-1"

    asyncio.run(story())


def test_a_job_over_quota_is_told_which_jobs_to_wait_for(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=2") as bench:
            jobs = (await bench.submit(array="1-4")).jobs
            await (await bench.agent(slots=9)).take(2)
            said = await ask(bench, jobs[3].id)
            assert said.holders == [jobs[0].id, jobs[1].id]
            assert said.remedies == [
                f"wait for or cancel one of {jobs[0].id}-{jobs[1].id}",
                "allow ann more: joborch quota set ann example running=3",
                "raise per_user of example: joborch serve --service example:per_user=3",
                f"put it in front of yours: joborch set {jobs[3].id} priority=100",
            ]

    asyncio.run(story())


def test_full_agents_name_all_that_they_hold(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            others = await bench.submit_one(user="bob")
            agent = await bench.agent(slots=1)
            await agent.take()
            said = await ask(bench, await bench.submit_one())
            assert (said.reason, said.holders) == ("agent_full", [others])

    asyncio.run(story())


def test_a_job_that_waits_for_a_time_starts_no_earlier(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(slots=1)
            await a_history(bench, agent, runs=5, each_s=60)
            await agent.poll()
            later = await bench.submit_one(not_before=NOON + timedelta(hours=2))
            said = await ask(bench, later)
            assert said.estimate is not None
            assert said.estimate.low_s == said.estimate.high_s == 7200 - 300

    asyncio.run(story())


def test_a_batch_that_limits_itself_is_counted_with_its_own_limit(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(slots=9)
            await a_history(bench, agent, runs=5, each_s=600)
            jobs = (await bench.submit(array="1-3%1")).jobs
            await agent.start((await agent.take())[0])
            said = await ask(bench, jobs[2].id)
            assert said.reason == "batch_limit"
            assert said.holders == [jobs[0].id]
            assert said.estimate is not None
            assert said.estimate.expected_s == 1200
            await bench.submit()
            said = await ask(bench, jobs[2].id)
            assert said.estimate is None
            assert "its batch allows itself 1 at a time" in (said.estimate_reason or "")

    asyncio.run(story())


def test_jobs_that_nobody_has_submitted_are_estimated_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=2") as bench:
            assert (await plan(bench, 3)).reason == "no agent that takes jobs offers example"
            agent = await bench.agent(slots=9)
            await a_history(bench, agent, runs=5, each_s=600)
            await agent.poll()
            told = await plan(bench, 5)
            assert told.first is not None
            assert told.last is not None
            assert (told.first.expected_s, told.last.expected_s) == (0, 1200)

    asyncio.run(story())


async def drain_one(bench: Bench, name: str) -> None:
    parts = bench.parts
    await drain(
        name,
        on=True,
        database=parts.database,
        roll=parts.roll,
        clock=parts.clock,
        wake=parts.wake,
    )
