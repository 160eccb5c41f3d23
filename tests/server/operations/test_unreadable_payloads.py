"""One payload that cannot be read concerns its own job, and nothing else of the same poll."""

import asyncio
import shutil
from pathlib import Path

import pytest

from joborch.domain.errors import FileNotInJobError
from joborch.domain.states import JobState
from joborch.server.operations import cancel, lease
from tests.support.bench import Bench, a_bench

GONE = "its files are gone from the server's disk"
UNREADABLE = "the server cannot read its files: Is a directory"


async def script_of(bench: Bench, job_id: int) -> Path:
    return bench.parts.blobs.payload_file((await bench.job(job_id)).payload_id, "run.sh")


async def lose_files(bench: Bench, job_id: int) -> None:
    shutil.rmtree((await script_of(bench, job_id)).parent)


async def break_files(bench: Bench, job_id: int) -> None:
    """Make the disk answer with an error for a file that is there."""
    script = await script_of(bench, job_id)
    script.unlink()
    script.mkdir()


async def cancel_job(bench: Bench, job_id: int) -> None:
    parts = bench.parts
    await cancel.cancel(
        job_id,
        actor="user:ann",
        database=parts.database,
        roll=parts.roll,
        clock=parts.clock,
        wake=parts.wake,
    )


def test_a_job_whose_files_are_gone_is_invalid_and_the_next_is_leased(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            lost, sound = await bench.submit_one(), await bench.submit_one()
            await lose_files(bench, lost)
            agent = await bench.agent()
            (leased,) = await agent.take()
            assert leased.job_id == sound
            job = await bench.job(lost)
            assert (job.state, job.reason) == (JobState.INVALID, GONE)
            assert [event.actor for event in await bench.history(lost)][-1] == "server"
            assert await bench.usage() == (1, 0)
            assert await bench.counter_drift() == []

    asyncio.run(story())


def test_a_job_whose_files_cannot_be_read_is_taken_back_and_the_next_is_leased(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            broken, sound = await bench.submit_one(), await bench.submit_one()
            await break_files(bench, broken)
            agent = await bench.agent()
            (leased,) = await agent.take()
            assert leased.job_id == sound
            job = await bench.job(broken)
            assert (job.state, job.losses, job.reason) == (JobState.QUEUED, 0, UNREADABLE)
            assert await bench.told(broken) == ["submit", "assign", "give_back"]
            assert await bench.usage() == (1, 1)
            assert await bench.counter_drift() == []

    asyncio.run(story())
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_job_that_was_taken_back_is_leased_once_its_files_can_be_read(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            script = await script_of(bench, job_id)
            await break_files(bench, job_id)
            agent = await bench.agent()
            await agent.take(0)
            script.rmdir()
            script.write_bytes(b"echo hello\n")
            bench.clock.advance(minutes=1)
            (leased,) = await agent.take()
            assert (leased.job_id, leased.attempt) == (job_id, 2)

    asyncio.run(story())


def test_a_slot_that_became_free_so_is_given_away_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            lost, sound = await bench.submit_one(), await bench.submit_one()
            await lose_files(bench, lost)
            agent = await bench.agent(slots=1)
            asking = await agent.ask()
            assert await bench.dispatch() == 0
            await bench.dispatch()
            assert [leased.job_id for leased in (await asking).leases] == [sound]

    asyncio.run(story())


def test_without_the_disk_of_the_payloads_no_job_is_ended(tmp_path: Path) -> None:
    """A disk that is not mounted has lost nothing."""

    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            shutil.rmtree(tmp_path / "payloads")
            await (await bench.agent()).take(0)
            assert (await bench.job(job_id)).state is JobState.QUEUED

    asyncio.run(story())


def test_of_leases_offered_again_those_whose_files_are_gone_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            lost, broken, sound = [await bench.submit_one() for _ in range(3)]
            agent = await bench.agent()
            await agent.take(3)
            agent.known.clear()
            await lose_files(bench, lost)
            await break_files(bench, broken)
            (leased,) = await agent.take()
            assert (leased.job_id, leased.attempt) == (sound, 1)
            assert (await bench.job(lost)).state is JobState.INVALID
            assert (await bench.job(broken)).state is JobState.QUEUED
            assert await bench.usage() == (1, 1)
            assert await bench.counter_drift() == []

    asyncio.run(story())


def test_orders_come_with_the_poll_whatever_became_of_a_payload(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            held, lost = await bench.submit_one(), await bench.submit_one()
            agent = await bench.agent()
            await agent.take(2)
            del agent.known[lost, 1]
            await cancel_job(bench, held)
            await lose_files(bench, lost)
            answer = await agent.poll()
            assert [order.job_id for order in answer.cancels] == [held]
            assert answer.leases == []

    asyncio.run(story())


def test_a_large_file_that_is_gone_is_told_the_agent_that_fetches_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one(files={"run.sh": b"x", "big": bytes(300_000)})
            agent = await bench.agent()
            (leased,) = await agent.take()
            await lose_files(bench, job_id)
            parts = bench.parts
            with pytest.raises(FileNotInJobError):
                await lease.payload_file(
                    agent.agent,
                    leased.payload_id,
                    "big",
                    database=parts.database,
                    blobs=parts.blobs,
                )

    asyncio.run(story())
