import asyncio
from pathlib import Path

import pytest

from joborch.domain.errors import ResultsGoneError
from joborch.server.operations import fetch
from joborch.server.operations.clean import LOOK_S
from tests.support.bench import Bench, a_bench, a_zip


async def clean_once(bench: Bench) -> float:
    return await bench.clean()


def test_results_are_kept_for_their_time_and_then_removed(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="48h") as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, results=a_zip(out="1"))
            bench.clock.advance(hours=47)
            assert await clean_once(bench) == LOOK_S
            assert (await bench.job(job_id)).has_results
            bench.clock.advance(hours=1)
            await clean_once(bench)
            job = await bench.job(job_id)
            assert job.results_removed_at == bench.clock.now()
            with pytest.raises(ResultsGoneError, match="retention"):
                await fetch.results(job_id, database=bench.parts.database, blobs=bench.parts.blobs)
            assert not [*(tmp_path / "results").rglob("*.zip")]
            assert not [*(tmp_path / "payloads").rglob("run.sh")]

    asyncio.run(story())


def test_waiting_and_running_jobs_are_never_touched(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="1h") as bench:
            await bench.submit(array="1-2")
            (lease,) = await (await bench.agent(slots=1)).take()
            bench.clock.advance(days=30)
            await clean_once(bench)
            assert len([*(tmp_path / "payloads").rglob("run.sh")]) == 1
            assert (await bench.told(lease.job_id))[-1] == "assign"

    asyncio.run(story())


def test_a_download_that_began_is_not_torn(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="1h") as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            archive = a_zip(out="1")
            await agent.report(lease, results=archive)
            served = await fetch.results(
                job_id, database=bench.parts.database, blobs=bench.parts.blobs
            )
            bench.clock.advance(hours=2)
            await clean_once(bench)
            with served.file as file:
                assert file.read() == archive

    asyncio.run(story())


def test_a_payload_stays_as_long_as_a_job_of_its_batch_needs_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="1h") as bench:
            await bench.submit(array="1-2")
            agent = await bench.agent(slots=1)
            (lease,) = await agent.take()
            await agent.report(lease)
            bench.clock.advance(hours=2)
            await clean_once(bench)
            (second,) = await agent.take()
            assert second.files[0].data == b"echo hello\n"

    asyncio.run(story())


def test_files_of_earlier_attempts_go_with_those_of_the_last(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="1h") as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (first,) = await agent.take()
            await agent.report(first, "lost", reason="power cut")
            bench.clock.advance(seconds=11)
            (second,) = await agent.take()
            await agent.report(second, results=a_zip(out="1"))
            left = tmp_path / "incoming" / f"{job_id}-1"
            left.write_bytes(b"of an upload that never ended")
            bench.clock.advance(hours=2)
            await clean_once(bench)
            assert not left.exists()
            assert not [*(tmp_path / "results").rglob("*.zip")]

    asyncio.run(story())
