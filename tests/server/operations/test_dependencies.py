"""Jobs that wait for others: whatever ends those, none starts too early and none waits for ever."""

import asyncio
from pathlib import Path

import pytest

from joborch.domain.errors import DependencyError, IdempotencyError, JobNotFoundError
from joborch.domain.states import JobState
from joborch.server.operations import act, cancel, query, snapshot
from joborch.server.store.listing import JobQuery
from joborch.wire.actions import CancelJobs
from joborch.wire.jobs import JobView
from tests.server.operations.test_explain import ask
from tests.server.operations.test_hold import hold_job, release_job
from tests.server.operations.test_lease import cancel_job
from tests.server.operations.test_retry import retry_job
from tests.support.bench import Bench, a_bench

ENDS_BADLY = ("failed", "timed_out", "invalid")


async def states(bench: Bench, *job_ids: int) -> list[str]:
    return [(await bench.job(job_id)).state.value for job_id in job_ids]


async def seen(bench: Bench, job_id: int) -> JobView:
    return await query.find(job_id, database=bench.parts.database)


async def cancel_jobs(bench: Bench, *job_ids: int) -> list[tuple[int, bool]]:
    parts = bench.parts
    results = await act.act(
        CancelJobs(ids=[*job_ids]),
        key=None,
        actor="user:ann",
        database=parts.database,
        blobs=parts.blobs,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        wake=parts.wake,
    )
    return [(result.id, result.ok) for result in results]


def test_a_job_starts_only_after_the_one_that_it_waits_for_has_completed(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            second = await bench.submit_one(after=[first])
            agent = await bench.agent()
            (lease,) = await agent.take()
            assert lease.job_id == first
            assert (await agent.poll()).leases == []
            await agent.report(lease)
            assert [one.job_id for one in await agent.take()] == [second]
            assert await bench.told(second) == ["submit", "ready", "assign"]
            assert await bench.counter_drift() == []

    asyncio.run(story())


def test_it_waits_for_the_last_of_several(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            firsts = [job.id for job in (await bench.submit(array="1-3")).jobs]
            last = await bench.submit_one(after=firsts)
            agent = await bench.agent()
            leases = await agent.take(3)
            for lease in leases[:2]:
                await agent.report(lease)
            assert (await agent.poll()).leases == []
            assert (await seen(bench, last)).after == [leases[2].job_id]
            await agent.report(leases[2])
            assert [one.job_id for one in await agent.take()] == [last]

    asyncio.run(story())


def test_all_jobs_of_an_array_wait_behind_one_gate(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=9") as bench:
            first = await bench.submit_one()
            array = [job.id for job in (await bench.submit(array="1-3%2", after=[first])).jobs]
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease)
            assert [one.job_id for one in await agent.take(2)] == array[:2]

    asyncio.run(story())


def test_submissions_that_wait_for_the_same_share_a_gate(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            firsts = [job.id for job in (await bench.submit(array="1-2")).jobs]
            agent = await bench.agent(slots=1)
            (lease,) = await agent.take()
            ann = await bench.submit_one(after=firsts)
            await agent.report(lease)
            bob = await bench.submit_one(after=firsts[::-1], user="bob")
            assert (await bench.job(ann)).gate_id == (await bench.job(bob)).gate_id
            await cancel_job(bench, firsts[1])
            assert await states(bench, ann, bob) == ["cancelled", "cancelled"]
            assert (await bench.usage("ann"), await bench.usage("bob")) == ((0, 0), (0, 0))

    asyncio.run(story())


@pytest.mark.parametrize("outcome", ENDS_BADLY)
def test_what_waits_for_the_success_of_a_job_that_ends_otherwise_is_cancelled(
    tmp_path: Path, outcome: str
) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            second = await bench.submit_one(after=[first])
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, outcome, exit_code=1)
            job, events = await bench.job(second), await bench.history(second)
            reason = f"dependency {first} {outcome.replace('_', ' ')}"
            assert (job.state, job.reason) == (JobState.CANCELLED, reason)
            assert (events[-1].event, events[-1].actor) == ("cancel", "server")
            assert events[-1].detail == {"note": reason, "dependency": first}
            assert (await bench.usage(), await bench.counter_drift()) == ((0, 0), [])

    asyncio.run(story())


@pytest.mark.parametrize("outcome", ["failed", "completed"])
def test_what_waits_for_the_end_of_a_job_starts_however_that_ends(
    tmp_path: Path, outcome: str
) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            second = await bench.submit_one(after_any=[first])
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, outcome, exit_code=1)
            assert [one.job_id for one in await agent.take()] == [second]

    asyncio.run(story())


def test_a_host_that_fails_is_no_end_until_the_job_is_lost(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one(max_attempts=2)
            second = await bench.submit_one(after=[first])
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, "lost")
            assert await states(bench, first, second) == ["queued", "queued"]
            bench.clock.advance(hours=1)
            (lease,) = await agent.take()
            await agent.report(lease, "lost")
            assert await states(bench, first, second) == ["lost", "cancelled"]

    asyncio.run(story())


def test_the_end_of_a_job_cancels_all_that_waits_for_it_through_others(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            second = [job.id for job in (await bench.submit(array="1-2", after=[first])).jobs]
            third = await bench.submit_one(after=second)
            at_last = await bench.submit_one(after_any=[third])
            await cancel_job(bench, first)
            assert await states(bench, *second, third) == ["cancelled"] * 3
            assert (await bench.job(third)).reason == f"dependency {second[0]} cancelled"
            (lease,) = await (await bench.agent()).take()
            assert lease.job_id == at_last
            assert await bench.counter_drift() == []

    asyncio.run(story())


def test_a_cancel_of_a_waiting_job_wakes_the_dispatch_for_those_behind_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one(is_held=True)
            await bench.submit_one(after_any=[first])
            woken: list[str] = []
            await cancel.cancel(
                first,
                actor="user:ann",
                database=bench.parts.database,
                roll=bench.parts.roll,
                clock=bench.clock,
                wake=lambda: woken.append("dispatch"),
            )
            assert woken == ["dispatch"]

    asyncio.run(story())


def test_what_has_completed_before_counts(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            agent = await bench.agent()
            await agent.report((await agent.take())[0])
            second = await bench.submit_one(after=[first])
            assert (await bench.job(second)).gate_id is None
            assert [one.job_id for one in await agent.take()] == [second]

    asyncio.run(story())


def test_what_could_never_start_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            await cancel_job(bench, first)
            with pytest.raises(DependencyError, match=f"job {first} is cancelled"):
                await bench.submit(after=[first])
            with pytest.raises(JobNotFoundError, match="no job 99"):
                await bench.submit(after_any=[first, 99])
            page = await query.page(JobQuery(), database=bench.parts.database)
            assert (page.total, await bench.usage()) == (1, (0, 0))
            assert len([*(tmp_path / "payloads").glob("*/*")]) == 1

    asyncio.run(story())


def test_the_same_submission_again_is_found_whatever_became_of_the_others(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            second = await bench.submit_one(key="monday", after=[first])
            await cancel_job(bench, first)
            found = await bench.submit(key="monday", after=[first])
            assert (found.is_duplicate, [job.id for job in found.jobs]) == (True, [second])
            with pytest.raises(IdempotencyError):
                await bench.submit(key="monday")

    asyncio.run(story())


def test_a_waiting_job_says_for_what_and_takes_no_place_in_the_line(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            firsts = [job.id for job in (await bench.submit(array="1-12")).jobs]
            other = await bench.submit_one()
            last = await bench.submit_one(after=firsts, after_any=[other], priority=100)
            said = await ask(bench, last)
            assert (said.reason, said.position, said.after_count) == ("dependency", None, 13)
            assert [one.id for one in said.after] == firsts[:10]
            assert (said.after[0].state, said.after[0].until) == ("queued", "completed")
            assert said.message.startswith(f"waits for {firsts[0]} to complete (queued), ")
            assert said.message.endswith(" and 3 more")
            assert "nobody knows when" in str(said.estimate_reason)
            assert (await ask(bench, other)).ahead == 12
            view = await seen(bench, last)
            assert (view.after, view.after_count) == (firsts[:10], 13)
            shot = await snapshot.snapshot(
                0,
                database=bench.parts.database,
                catalog=bench.parts.catalog,
                roll=bench.parts.roll,
                clock=bench.clock,
            )
            assert {job.id: job.after_count for job in shot.jobs() if job.after} == {last: 13}

    asyncio.run(story())


def test_one_can_wait_for_the_success_of_some_and_the_end_of_others(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first, second = await bench.submit_one(), await bench.submit_one()
            last = await bench.submit_one(after=[first], after_any=[first, second])
            agent = await bench.agent()
            one, two = await agent.take(2)
            await agent.report(two, "failed", exit_code=1)
            assert await states(bench, last) == ["queued"]
            await agent.report(one)
            assert [lease.job_id for lease in await agent.take()] == [last]

    asyncio.run(story())


def test_the_stricter_of_two_wishes_about_a_job_holds(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            last = await bench.submit_one(after=[first], after_any=[first])
            await cancel_job(bench, first)
            assert await states(bench, last) == ["cancelled"]

    asyncio.run(story())


def test_one_that_is_held_as_well_waits_for_both(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            second = await bench.submit_one(after=[first])
            await hold_job(bench, second)
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease)
            assert (await agent.poll()).leases == []
            assert (await ask(bench, second)).reason == "held"
            await release_job(bench, second)
            assert [one.job_id for one in await agent.take()] == [second]

    asyncio.run(story())


def test_one_that_is_cancelled_leaves_the_others_waiting(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            gone, stays = [job.id for job in (await bench.submit(array="1-2", after=[first])).jobs]
            await cancel_job(bench, gone)
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease)
            assert [one.job_id for one in await agent.take()] == [stays]
            assert await states(bench, gone) == ["cancelled"]

    asyncio.run(story())


def test_when_all_of_them_are_cancelled_each_is_as_it_was_asked_for(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            second = await bench.submit_one(after=[first])
            assert await cancel_jobs(bench, first, second) == [(first, True), (second, True)]
            assert (await bench.job(second)).reason == "cancelled by ann"

    asyncio.run(story())


def test_a_retry_of_the_job_that_failed_is_another_job_that_nobody_waits_for(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            second = await bench.submit_one(after=[first])
            await cancel_job(bench, first)
            again = (await retry_job(bench, first)).job.id
            assert await states(bench, second) == ["cancelled"]
            third = await bench.submit_one(after=[again])
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease)
            assert (lease.job_id, [one.job_id for one in await agent.take()]) == (again, [third])

    asyncio.run(story())


def test_a_server_that_starts_again_knows_what_waits_for_what(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit_one()
            second = await bench.submit_one(after=[first])
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent()
            (lease,) = await agent.take()
            assert lease.job_id == first
            await agent.report(lease)
            assert [one.job_id for one in await agent.take()] == [second]

    asyncio.run(story())
