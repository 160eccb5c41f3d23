import asyncio
from pathlib import Path

import pytest

from joborch.domain.errors import IdempotencyError, InvalidRequestError, UnknownServiceError
from joborch.domain.states import JobState
from tests.support.bench import a_bench


def files_below(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


def test_a_submission_is_queued_with_its_files_on_disk(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job = await bench.job(
                await bench.submit_one(files={"run.sh": b"x", "a/b.txt": b"nested"})
            )
            assert job.state is JobState.QUEUED
            path = bench.parts.blobs.payload_file(job.payload_id, "a/b.txt")
            assert path.read_bytes() == b"nested"
            assert await bench.usage() == (0, 1)

    asyncio.run(story())


def test_an_array_is_one_payload_and_one_batch(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            accepted = await bench.submit(array="1-250")
            assert len(accepted.jobs) == 250
            assert len({job.payload_id for job in accepted.jobs}) == 1
            assert [job.array_index for job in accepted.jobs] == [*range(1, 251)]
            assert await bench.usage() == (0, 250)

    asyncio.run(story())


def test_a_missing_script_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            with pytest.raises(InvalidRequestError, match=r"run\.sh"):
                await bench.submit(files={"script.sh": b"x"})
            assert await bench.usage() == (0, 0)
        assert files_below(tmp_path) == ["joborch.db"]

    asyncio.run(story())


def test_an_unknown_service_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            with pytest.raises(UnknownServiceError):
                await bench.submit(service="exmaple")
        assert files_below(tmp_path) == ["joborch.db"]

    asyncio.run(story())


def test_on_the_originals_route_a_job_without_script_becomes_invalid(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one(files={"a.txt": b"x"}, accepts_missing_script=True)
            job = await bench.job(job_id)
            assert job.state is JobState.INVALID
            assert job.reason == "there is no run.sh among the files"
            assert await bench.told(job_id) == ["submit", "reject"]
            assert await bench.usage() == (0, 0)

    asyncio.run(story())


def test_the_same_key_and_content_makes_nothing_new(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit(key="k1", array="1-3")
            again = await bench.submit(key="k1", array="1-3")
            assert again.is_duplicate
            assert [job.id for job in again.jobs] == [job.id for job in first.jobs]
            assert await bench.usage() == (0, 3)

    asyncio.run(story())


def test_requests_with_one_key_at_the_same_time_make_one_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            made = await asyncio.gather(*(bench.submit_one(key="k1") for _ in range(20)))
            assert len(set(made)) == 1
            assert await bench.usage() == (0, 1)

    asyncio.run(story())


def test_the_same_key_for_other_content_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit(key="k1")
            kept = list(tmp_path.rglob("run.sh"))
            with pytest.raises(IdempotencyError):
                await bench.submit(key="k1", files={"run.sh": b"something else"})
            assert list(tmp_path.rglob("run.sh")) == kept
            with pytest.raises(IdempotencyError):
                await bench.submit(key="k1", priority=80)
            await bench.submit(key="k1", user="bob")

    asyncio.run(story())


def test_a_time_limit_beyond_the_services_is_refused(tmp_path: Path) -> None:
    from datetime import timedelta

    async def story() -> None:
        async with a_bench(tmp_path, "example:time_limit=1h") as bench:
            with pytest.raises(InvalidRequestError, match="at most 3600"):
                await bench.submit(time_limit=timedelta(hours=2))
            job = await bench.job(await bench.submit_one())
            assert job.time_limit == timedelta(hours=1)

    asyncio.run(story())


def test_an_empty_script_is_refused_or_invalid(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            with pytest.raises(InvalidRequestError, match="is empty"):
                await bench.submit(files={"run.sh": b""})
            job_id = await bench.submit_one(files={"run.sh": b""}, accepts_missing_script=True)
            assert (await bench.job(job_id)).reason == "run.sh is empty"

    asyncio.run(story())
