import asyncio
from pathlib import Path

import pytest

from joborch.domain.errors import DiskFullError, InvalidRequestError, WrongStateError
from joborch.domain.jobs import Job
from joborch.domain.states import JobState
from joborch.server.operations import act
from joborch.server.operations.hold import hold_one
from joborch.server.store.database import Transaction
from joborch.wire.actions import (
    ActionResult,
    CancelJobs,
    HoldJobs,
    JobAction,
    JobChanges,
    ReleaseJobs,
    RetryJobs,
    SetJobs,
)
from tests.support.bench import Bench, a_bench
from tests.support.builders import NOON


async def do(
    bench: Bench, action: JobAction, key: str | None = None, woken: list[str] | None = None
) -> list[ActionResult]:
    parts = bench.parts
    return await act.act(
        action,
        key=key,
        actor="user:ann",
        database=parts.database,
        blobs=parts.blobs,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        wake=lambda: (woken if woken is not None else []).append("dispatch"),
    )


def told(results: list[ActionResult]) -> list[tuple[int, str | None, str | None]]:
    return [(each.id, each.state, each.error.code if each.error else None) for each in results]


def test_each_job_has_its_own_result_in_the_order_of_the_ids(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first, second, third = [job.id for job in (await bench.submit(array="1-3")).jobs]
            await (await bench.agent(slots=1)).take()
            assert told(await do(bench, HoldJobs(ids=[third, 99, first, second, third]))) == [
                (third, "queued", None),
                (99, None, "job_not_found"),
                (first, "assigned", "wrong_state"),
                (second, "queued", None),
            ]
            assert await bench.told(first) == ["submit", "assign"]
            assert await bench.told(third) == ["submit", "held"]

    asyncio.run(story())


def test_held_jobs_are_released_together(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            ids = [job.id for job in (await bench.submit(array="1-3", is_held=True)).jobs]
            woken: list[str] = []
            results = await do(bench, ReleaseJobs(ids=ids), woken=woken)
            assert ([each.ok for each in results], woken) == ([True] * 3, ["dispatch"])
            await (await bench.agent()).take(3)

    asyncio.run(story())


def test_values_are_set_for_those_that_allow_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            ids = [job.id for job in (await bench.submit(array="1-2")).jobs]
            await (await bench.agent(slots=1)).take()
            results = await do(bench, SetJobs(ids=ids, changes=JobChanges(priority=80)))
            assert [each.ok for each in results] == [False, True]
            assert [(await bench.job(job_id)).priority for job_id in ids] == [50, 80]

    asyncio.run(story())


def test_changes_that_make_no_sense_are_refused_for_all(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            with pytest.raises(InvalidRequestError, match="priority"):
                await do(bench, SetJobs(ids=[job_id], changes=JobChanges(priority=101)))

    asyncio.run(story())


def test_cancelling_many_ends_those_that_wait_and_asks_the_agents_of_the_others(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            ids = [job.id for job in (await bench.submit(array="1-2")).jobs]
            agent = await bench.agent(slots=1)
            await agent.take()
            action = CancelJobs(ids=ids, reason="a typo", grace_s=3)
            assert told(await do(bench, action)) == [
                (ids[0], "assigned", None),
                (ids[1], "cancelled", None),
            ]
            (order,) = (await agent.poll()).cancels
            assert (order.job_id, order.grace_s) == (ids[0], 3)
            assert (await bench.job(ids[1])).reason == "cancelled by ann: a typo"
            assert told(await do(bench, action))[1] == (ids[1], "cancelled", "wrong_state")

    asyncio.run(story())


def test_a_retry_of_many_makes_new_jobs_and_none_twice_under_a_key(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            ids = [job.id for job in (await bench.submit(array="1-3")).jobs]
            await do(bench, CancelJobs(ids=ids[:2]))
            made = await do(bench, RetryJobs(ids=ids), key="k")
            assert [each.new_id for each in made] == [ids[2] + 1, ids[2] + 2, None]
            assert told(made)[0] == (ids[0], "cancelled", None)
            assert made[2].error is not None
            assert made[2].error.message == f"job {ids[2]} is queued: cannot retry it"
            assert await do(bench, RetryJobs(ids=ids[:2]), key="k") == made[:2]
            assert await bench.usage() == (0, 3)

    asyncio.run(story())


def test_what_was_retried_before_is_refused_unless_it_is_wanted_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            (job_id,) = [job.id for job in (await bench.submit(array="1")).jobs]
            await do(bench, CancelJobs(ids=[job_id]))
            once = RetryJobs(ids=[job_id], again=False)
            (first,) = await do(bench, once, key="k")
            assert await do(bench, once, key="k") == [first]
            (again,) = await do(bench, once)
            assert again.error is not None
            assert (again.ok, again.error.code) == (False, "retried")
            assert again.error.message == f"job {job_id} was retried as {first.new_id}"
            (wanted,) = await do(bench, RetryJobs(ids=[job_id]))
            assert wanted.ok
            (last,) = await do(bench, once)
            assert last.error is not None
            assert last.error.message == f"job {job_id} was retried as {wanted.new_id}"

    asyncio.run(story())


def test_a_deed_that_is_refused_half_way_leaves_nothing(tmp_path: Path) -> None:
    def hold_and_fail(transaction: Transaction, job: Job) -> Job:
        hold_one(transaction, job, actor="user:ann", now=NOON)
        raise WrongStateError(job.id, "queued", "finish")

    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            (outcome,) = await bench.parts.database.write(
                lambda t: act.try_each(t, [job_id], hold_and_fail)
            )
            assert isinstance(outcome.error, WrongStateError)
            assert (await bench.job(job_id)).held_at is None
            assert await bench.told(job_id) == ["submit"]

    asyncio.run(story())


def test_a_full_disk_takes_no_retries_but_everything_else(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
        async with a_bench(tmp_path, reserve="900T") as bench:
            assert (await do(bench, CancelJobs(ids=[job_id])))[0].ok
            with pytest.raises(DiskFullError):
                await do(bench, RetryJobs(ids=[job_id]))

    asyncio.run(story())


def test_a_thousand_jobs_are_acted_upon(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            ids = [job.id for job in (await bench.submit(array="1-1000")).jobs]
            results = await do(bench, CancelJobs(ids=ids))
            assert [each.id for each in results] == ids
            assert {each.state for each in results} == {JobState.CANCELLED.value}
            assert await bench.usage() == (0, 0)

    asyncio.run(story())
