import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from joborch.agent.environment import job_environment
from joborch.domain.errors import (
    DiskFullError,
    IdempotencyError,
    JobNotFoundError,
    PayloadGoneError,
    UnknownServiceError,
    WrongStateError,
)
from joborch.domain.states import JobState
from joborch.server.audit import acceptances, ledger, moves, rows
from joborch.server.operations import retry
from joborch.server.operations.retry import Again, Retried
from tests.server.operations.test_hold import hold_job
from tests.server.operations.test_lease import cancel_job
from tests.support.bench import Bench, a_bench, a_zip


async def retry_job(
    bench: Bench, job_id: int, woken: list[str] | None = None, **but: Any
) -> Retried:
    parts = bench.parts
    return await retry.retry(
        job_id,
        Again(**but),
        actor="user:ann",
        database=parts.database,
        blobs=parts.blobs,
        catalog=parts.catalog,
        clock=parts.clock,
        wake=lambda: (woken if woken is not None else []).append("dispatch"),
    )


async def ended(bench: Bench, outcome: str = "failed", **but: Any) -> int:
    """Submit a job that has ended when this returns."""
    job_id = await bench.submit_one(**but)
    agent = await bench.agent()
    (lease,) = await agent.take()
    await agent.report(lease, outcome, exit_code=0 if outcome == "completed" else 1)
    return job_id


def test_a_retry_is_a_new_job_with_the_same_files_and_wishes(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            wishes: dict[str, Any] = {"env": {"A": "b"}, "tags": {"run": "night"}, "priority": 70}
            job_id = await ended(bench, files={"run.sh": b"echo", "in/x": b"1"}, **wishes)
            woken: list[str] = []
            new = (await retry_job(bench, job_id, woken)).job
            assert (new.id, new.state, new.attempt, new.priority) == (
                job_id + 1,
                JobState.QUEUED,
                0,
                70,
            )
            assert new.tags == {"run": "night", "retry_of": str(job_id)}
            assert (woken, await bench.usage()) == (["dispatch"], (0, 1))
            (lease,) = await (await bench.agent()).take()
            assert (lease.job_id, lease.attempt, lease.env) == (new.id, 1, {"A": "b"})
            assert {f.name: f.data for f in lease.files} == {"run.sh": b"echo", "in/x": b"1"}

    asyncio.run(story())


def test_the_job_that_ended_stays_as_it_ended_and_knows_of_the_new_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await ended(bench)
            before = await bench.job(job_id)
            new = (await retry_job(bench, job_id)).job
            assert await bench.job(job_id) == before
            event = (await bench.history(job_id))[-1]
            assert (event.event, event.to_state, event.detail) == (
                "retried",
                "failed",
                {"job": new.id},
            )
            assert await bench.told(new.id) == ["submit"]

    asyncio.run(story())


@pytest.mark.parametrize("outcome", ["failed", "timed_out"])
def test_what_ended_badly_can_be_retried(tmp_path: Path, outcome: str) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await ended(bench, outcome)
            assert not (await retry_job(bench, job_id)).is_duplicate

    asyncio.run(story())


def test_what_was_lost_can_be_retried(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await ended(bench, "lost", max_attempts=1)
            assert (await bench.job(job_id)).state is JobState.LOST
            assert (await retry_job(bench, job_id)).job.max_attempts == 1

    asyncio.run(story())


def test_what_was_cancelled_can_be_retried_and_is_not_held(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await hold_job(bench, job_id)
            await cancel_job(bench, job_id)
            assert (await retry_job(bench, job_id)).job.held_at is None

    asyncio.run(story())


def test_what_completed_is_retried_only_when_that_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await ended(bench, "completed")
            with pytest.raises(WrongStateError, match="completed"):
                await retry_job(bench, job_id)
            again = await retry_job(bench, job_id, accepts_completed=True, priority=99)
            assert again.job.priority == 99

    asyncio.run(story())


def test_what_has_not_ended_or_can_never_run_is_not_retried(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            waits = await bench.submit_one()
            never = await bench.submit_one(files={"x": b""}, accepts_missing_script=True)
            with pytest.raises(WrongStateError, match="queued"):
                await retry_job(bench, waits, accepts_completed=True)
            with pytest.raises(WrongStateError, match="invalid"):
                await retry_job(bench, never, accepts_completed=True)
            with pytest.raises(JobNotFoundError):
                await retry_job(bench, 99)

    asyncio.run(story())


def test_the_same_key_makes_one_new_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first, second = await ended(bench), await ended(bench)
            made = await retry_job(bench, first, key="k")
            again = await retry_job(bench, first, key="k")
            assert (again.job.id, again.is_duplicate) == (made.job.id, True)
            with pytest.raises(IdempotencyError):
                await retry_job(bench, second, key="k")
            with pytest.raises(IdempotencyError):
                await retry_job(bench, first, key="k", priority=1)
            assert (await retry_job(bench, first)).job.id == made.job.id + 1

    asyncio.run(story())


def test_files_stay_as_long_as_the_new_job_needs_them(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="1h") as bench:
            job_id = await ended(bench)
            new = (await retry_job(bench, job_id)).job
            bench.clock.advance(hours=2)
            await bench.clean()
            assert (await bench.job(job_id)).results_removed_at is not None
            assert len([*(tmp_path / "payloads").rglob("run.sh")]) == 1
            agent = await bench.agent()
            (lease,) = await agent.take()
            assert lease.job_id == new.id
            await agent.report(lease, results=a_zip(out="1"))
            bench.clock.advance(hours=2)
            await bench.clean()
            assert [*(tmp_path / "payloads").rglob("run.sh")] == []

    asyncio.run(story())


def test_without_its_files_a_job_is_not_retried_and_the_reason_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="1h") as bench:
            job_id = await ended(bench)
            bench.clock.advance(hours=2)
            await bench.clean()
            with pytest.raises(PayloadGoneError, match="files were removed after the retention"):
                await retry_job(bench, job_id)
            assert "retried" not in await bench.told(job_id)
            assert await bench.usage() == (0, 0)

    asyncio.run(story())


def test_a_job_of_a_batch_finds_its_place_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            jobs = (await bench.submit(array="5-7")).jobs
            await cancel_job(bench, jobs[1].id)
            new = (await retry_job(bench, jobs[1].id)).job
            await cancel_job(bench, new.id)
            newest = (await retry_job(bench, new.id)).job
            place = {"JOBORCH_ARRAY_INDEX": "6", "JOBORCH_ARRAY_COUNT": "3"}
            assert (newest.env, newest.batch_id) == (place, None)
            assert newest.tags == {"retry_of": str(new.id)}
            await cancel_job(bench, jobs[0].id)
            await cancel_job(bench, jobs[2].id)
            (lease,) = await (await bench.agent()).take()
            assert lease.job_id == newest.id
            seen = job_environment(
                lease, work_dir=tmp_path, tmp_dir=tmp_path, agent_name="a", path="/bin"
            )
            assert (seen["JOBORCH_ARRAY_INDEX"], seen["JOBORCH_ARRAY_COUNT"]) == ("6", "3")
            assert "JOBORCH_BATCH_ID" not in seen

    asyncio.run(story())


def test_a_service_bounds_the_new_job_as_it_does_now(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await ended(bench, time_limit=timedelta(hours=5), max_attempts=3)
        async with a_bench(tmp_path, "example:time_limit=1h,max_attempts=2") as bench:
            new = (await retry_job(bench, job_id)).job
            assert (new.time_limit, new.max_attempts) == (timedelta(hours=1), 2)

    asyncio.run(story())


def test_a_service_that_is_gone_takes_no_retry(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await cancel_job(bench, job_id)
        async with a_bench(tmp_path, "other") as bench:
            with pytest.raises(UnknownServiceError):
                await retry_job(bench, job_id)

    asyncio.run(story())


def test_a_full_disk_takes_no_retry(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            await cancel_job(bench, job_id)
        async with a_bench(tmp_path, reserve="900T") as bench:
            with pytest.raises(DiskFullError):
                await retry_job(bench, job_id)

    asyncio.run(story())


def test_an_audit_finds_retries_in_order(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            jobs = (await bench.submit(array="1-2")).jobs
            await cancel_job(bench, jobs[0].id)
            await retry_job(bench, jobs[0].id, key="k")
            assert await bench.counter_drift() == []

    asyncio.run(story())
    with ledger.opened(tmp_path / "joborch.db") as opened:
        findings = [*acceptances.keeps_what_was_accepted(opened), *rows.contradict_nothing(opened)]
        findings += [found for each in moves.histories(opened) for found in moves.check(each)]
    assert findings == []
