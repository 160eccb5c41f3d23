import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from joborch.domain.errors import ServiceNotFoundError
from joborch.server.operations.hold import hold
from joborch.server.operations.statistics import Scope, statistics
from joborch.wire.statistics import Statistics
from tests.server.operations.test_lease import cancel_job
from tests.support.bench import Bench, ScriptedAgent, a_bench
from tests.support.builders import NOON

HOUR = Scope(window=timedelta(hours=1), buckets=6)


async def ask(bench: Bench, scope: Scope = HOUR) -> Statistics:
    parts = bench.parts
    return await statistics(
        scope,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        recent=parts.statistics,
    )


async def run_one(
    bench: Bench, agent: ScriptedAgent, *, after_s: float, for_s: float, outcome: str = "completed"
) -> None:
    """Have the next job in line wait, start, and end."""
    bench.clock.advance(seconds=after_s)
    (lease,) = await agent.take()
    await agent.start(lease)
    bench.clock.advance(seconds=for_s)
    await agent.report(lease, outcome)


def test_nothing_has_happened_at_a_new_site(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            told = await ask(bench)
            assert [bucket.completed for bucket in told.buckets] == [0] * 6
            assert (told.per_minute, told.run.count, told.run.p50_s) == (0, 0, None)
            assert told.drain is not None
            assert told.drain.expected_s == 0

    asyncio.run(story())


def test_jobs_are_counted_in_the_bucket_in_which_they_ended(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(slots=1)
            await bench.submit(array="1-3")
            held = await bench.submit_one(is_held=True)
            await run_one(bench, agent, after_s=60, for_s=600)
            await run_one(bench, agent, after_s=0, for_s=600, outcome="failed")
            await cancel_job(bench, held)
            told = await ask(bench)
            assert told.buckets[-1].at == NOON + timedelta(minutes=20)
            assert [b.submitted for b in told.buckets] == [0, 0, 0, 4, 0, 0]
            assert [b.completed for b in told.buckets] == [0, 0, 0, 0, 1, 0]
            assert [b.failed for b in told.buckets] == [0, 0, 0, 0, 0, 1]
            assert [b.cancelled for b in told.buckets] == [0, 0, 0, 0, 0, 1]
            assert (told.submitted, told.completed, told.failed, told.cancelled) == (4, 1, 1, 1)
            assert (told.queued, told.held, told.active) == (1, 0, 0)

    asyncio.run(story())


def test_waits_and_runs_are_told_as_percentiles(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(slots=1)
            await bench.submit(array="1-20")
            for seconds in range(1, 21):
                await run_one(bench, agent, after_s=0, for_s=seconds)
            told = await ask(bench)
            assert (told.run.count, told.run.p50_s, told.run.p95_s, told.run.p99_s) == (
                *(20, 10, 19),
                20,
            )
            assert (told.wait.count, told.wait.p50_s) == (20, sum(range(1, 10)))
            bench.clock.advance(minutes=70)
            assert (await ask(bench)).run.count == 0

    asyncio.run(story())


def test_the_queue_will_be_empty_at_the_pace_that_was_seen(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            bench.clock.advance(minutes=40)  # nothing to do is no pace
            agent = await bench.agent(slots=1)
            await bench.submit(array="1-15")
            await bench.submit_one(is_held=True)
            for _ in range(4):
                await run_one(bench, agent, after_s=0, for_s=30)
            assert (await ask(bench)).drain_reason == "fewer than 5 jobs have ended"
            await run_one(bench, agent, after_s=0, for_s=30)
            await agent.poll()
            told = await ask(bench)
            assert (told.queued, told.held, told.active) == (9, 1, 1)
            assert told.drain is not None
            assert told.drain.expected_s == 300
            assert told.drain.low_s < 200
            assert told.drain.high_s > 450

    asyncio.run(story())


async def a_pace(bench: Bench, agent: ScriptedAgent) -> None:
    await bench.submit(array="1-5")
    for _ in range(5):
        await run_one(bench, agent, after_s=0, for_s=30)
    await agent.poll()


def test_the_queue_is_not_empty_before_what_begins_later_begins(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await a_pace(bench, await bench.agent(slots=1))
            later = bench.clock.now() + timedelta(hours=5)
            await bench.submit_one(not_before=later)
            told = await ask(bench)
            assert told.drain is not None
            assert told.drain.low_s >= 5 * 3600

    asyncio.run(story())


def test_a_queue_with_jobs_that_no_agent_takes_is_never_empty(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example", "other") as bench:
            await a_pace(bench, await bench.agent(slots=1))
            await bench.submit(service="other")
            told = await ask(bench)
            assert told.drain is None
            assert told.drain_reason == "no agent that takes jobs offers other"

    asyncio.run(story())


def test_a_queue_is_not_empty_before_those_that_wait_for_others_have_ended(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await a_pace(bench, await bench.agent(slots=1))
            first = await bench.submit_one()
            await bench.submit(array="1-8", after=[first])
            told = await ask(bench)
            assert (told.queued, told.after, told.held) == (9, 8, 0)
            assert told.drain is not None
            assert told.drain.expected_s == 270
            database, clock = bench.parts.database, bench.parts.clock
            await hold(first, actor="user:ann", database=database, clock=clock)
            bench.clock.advance(seconds=15)  # the answer before is not given again
            told = await ask(bench)
            assert (told.queued, told.after, told.held) == (8, 8, 1)
            assert told.drain_reason == f"job {first} is held, and others wait for it"

    asyncio.run(story())


def test_one_service_is_told_of_by_itself(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example", "other") as bench:
            await bench.submit(service="other", array="1-2")
            scope = Scope(window=timedelta(hours=1), buckets=6, service="other")
            assert (await ask(bench, scope)).submitted == 2
            scope = Scope(window=timedelta(hours=1), buckets=6, service="example")
            assert (await ask(bench, scope)).submitted == 0
            with pytest.raises(ServiceNotFoundError):
                await ask(bench, Scope(window=timedelta(hours=1), buckets=6, service="no"))

    asyncio.run(story())


def test_an_answer_is_given_again_for_a_moment_only(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            window = Scope(window=timedelta(minutes=1), buckets=60)
            first = await ask(bench, window)
            await bench.submit()
            bench.clock.advance(seconds=0.9)
            assert await ask(bench, window) is first
            bench.clock.advance(seconds=0.2)
            assert (await ask(bench, window)).submitted == 1

    asyncio.run(story())
