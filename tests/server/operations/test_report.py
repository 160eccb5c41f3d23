import asyncio
import hashlib
from pathlib import Path

import pytest

from joborch.domain.states import JobState
from joborch.server.operations import fetch
from tests.server.operations.test_lease import cancel_job
from tests.support.bench import a_bench, a_zip


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("completed", JobState.COMPLETED),
        ("failed", JobState.FAILED),
        ("timed_out", JobState.TIMED_OUT),
        ("invalid", JobState.INVALID),
    ],
)
def test_a_report_ends_the_job_and_frees_its_slot(
    tmp_path: Path, outcome: str, state: JobState
) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            assert await agent.report(lease, outcome, results=a_zip(out="1")) == "recorded"
            job = await bench.job(job_id)
            assert (job.state, job.agent_id, job.has_results) == (state, None, True)
            assert job.finished_at == bench.clock.now()
            assert await bench.usage() == (0, 0)

    asyncio.run(story())


def test_results_can_be_read_as_they_were_sent(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            archive = a_zip(out="result")
            await agent.report(lease, results=archive)
            parts = bench.parts
            served = await fetch.results(job_id, database=parts.database, blobs=parts.blobs)
            with served.file as file:
                assert file.read() == archive

    asyncio.run(story())


def test_a_report_tells_of_the_start_if_nobody_did(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            bench.clock.advance(seconds=10)
            await agent.report(lease, started_ago_s=4.0)
            assert await bench.told(job_id) == ["submit", "assign", "start", "complete"]
            job = await bench.job(job_id)
            assert job.started_at and job.finished_at
            assert (job.finished_at - job.started_at).total_seconds() == 4

    asyncio.run(story())


def test_the_same_report_twice_is_recorded_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.start(lease)
            assert await agent.report(lease, results=a_zip(out="1")) == "recorded"
            assert await agent.report(lease, results=a_zip(out="1")) == "already_recorded"
            assert await bench.told(job_id) == ["submit", "assign", "start", "complete"]
            assert (await bench.job(job_id)).has_results

    asyncio.run(story())


def test_what_is_given_back_untouched_is_queued_again_as_often_as_it_takes(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            for _ in range(5):
                (lease,) = await agent.take()
                assert await agent.report(lease, "given_back", reason="away") == "recorded"
                assert await agent.report(lease, "given_back") == "already_recorded"
                bench.clock.advance(seconds=61)
            job = await bench.job(job_id)
            assert (job.state, job.losses, job.attempt) == (JobState.QUEUED, 0, 5)
            assert await bench.told(job_id) == ["submit", *["assign", "give_back"] * 5]

    asyncio.run(story())


def test_what_has_started_cannot_be_given_back_for_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.start(lease)
            await agent.report(lease, "given_back")
            assert (await bench.job(job_id)).losses == 1

    asyncio.run(story())


def test_a_second_report_cannot_change_how_a_job_ended(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, "failed", exit_code=3)
            await agent.report(lease, "completed", results=a_zip(out="other"))
            job = await bench.job(job_id)
            assert (job.state, job.exit_code, job.has_results) == (JobState.FAILED, 3, False)

    asyncio.run(story())


def test_a_report_with_a_wrong_token_or_from_another_agent_is_discarded(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent, thief = await bench.agent("one"), await bench.agent("two")
            (lease,) = await agent.take()
            assert await agent.report(lease, token="guess") == "discard"
            assert await thief.report(lease) == "discard"
            assert (await bench.job(job_id)).state is JobState.ASSIGNED

    asyncio.run(story())


def test_results_that_differ_from_their_digest_are_not_published(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            assert await agent.report(lease, results=b"torn", sha256="0" * 64) == "results_missing"
            assert (await bench.job(job_id)).state is JobState.ASSIGNED

    asyncio.run(story())


def test_a_result_that_was_there_before_the_cancel_wins(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await cancel_job(bench, job_id)
            await agent.report(lease, "completed", results=a_zip(out="1"))
            assert (await bench.job(job_id)).state is JobState.COMPLETED

    asyncio.run(story())


def test_an_attempt_whose_host_failed_is_queued_again_after_a_while(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, "lost", reason="the host was rebooted")
            job = await bench.job(job_id)
            assert (job.state, job.losses, job.reason) == (
                JobState.QUEUED,
                1,
                "the host was rebooted",
            )
            assert (await agent.poll()).leases == []
            bench.clock.advance(seconds=11)
            (again,) = await agent.take()
            assert again.attempt == 2
            assert await bench.counter_drift() == []

    asyncio.run(story())


def test_after_three_failed_hosts_a_job_is_lost(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            for _ in range(3):
                (lease,) = await agent.take()
                await agent.report(lease, "lost", reason="power cut")
                bench.clock.advance(minutes=10)
            job = await bench.job(job_id)
            assert (job.state, job.attempt, job.losses) == (JobState.LOST, 3, 3)
            assert await bench.usage() == (0, 0)

    asyncio.run(story())


def test_a_report_that_comes_late_still_counts_if_nobody_else_began(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            bench.clock.advance(seconds=61)
            await bench.rescue()
            assert (await bench.job(job_id)).state is JobState.QUEUED
            assert await agent.report(lease, results=a_zip(out="late")) == "recorded"
            job = await bench.job(job_id)
            assert (job.state, job.has_results) == (JobState.COMPLETED, True)
            assert await bench.usage() == (0, 0)
            assert await bench.counter_drift() == []

    asyncio.run(story())


def test_a_late_report_is_discarded_once_another_attempt_began(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:lost_after=60s") as bench:
            job_id = await bench.submit_one()
            first, second = await bench.agent("one"), await bench.agent("two")
            (old,) = await first.take()
            bench.clock.advance(seconds=61)
            await bench.rescue()
            bench.clock.advance(seconds=61)
            (new,) = await second.take()
            assert await first.report(old, results=a_zip(out="stale")) == "discard"
            assert await second.report(new, results=a_zip(out="fresh")) == "recorded"
            assert (await bench.job(job_id)).attempt == 2

    asyncio.run(story())


def test_a_job_that_succeeds_later_does_not_keep_the_reason_of_its_loss(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (first,) = await agent.take()
            await agent.report(first, "lost", reason="supervisor_lost")
            bench.clock.advance(seconds=11)
            (second,) = await agent.take()
            await agent.report(second, results=a_zip(out="1"))
            job = await bench.job(job_id)
            assert (job.state, job.reason) == (JobState.COMPLETED, None)

    asyncio.run(story())


@pytest.mark.parametrize("turns", range(0, 12, 2))
def test_of_two_reports_at_a_time_the_file_is_the_one_that_was_recorded(
    tmp_path: Path, turns: int
) -> None:
    """An agent that was killed right after it reported packs and reports again, in other bytes."""

    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()

            async def later() -> str:
                for _ in range(turns):
                    await asyncio.sleep(0)
                return await agent.report(lease, results=a_zip(out="2" * 20_000))

            first = agent.report(lease, results=a_zip(out="1"))
            assert {*await asyncio.gather(first, later())} == {"recorded", "already_recorded"}
            parts = bench.parts
            served = await fetch.results(job_id, database=parts.database, blobs=parts.blobs)
            with served.file as file:
                assert hashlib.sha256(file.read()).hexdigest() == served.etag

    asyncio.run(story())


def test_results_of_a_lost_attempt_are_not_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, "lost", reason="supervisor_lost", results=a_zip(out="1"))
            assert not [*(tmp_path / "results").rglob("*.zip")]
            assert not [*(tmp_path / "incoming").iterdir()]

    asyncio.run(story())


def test_files_of_attempts_that_came_to_nothing_are_swept_at_the_next_start(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, results=a_zip(out="1"))
        kept = tmp_path / "results" / "000000" / f"{job_id}-1.zip"
        for orphan in (kept.with_name("99-1.zip"), tmp_path / "incoming" / f"{job_id}-1"):
            orphan.write_bytes(b"left by a crash")
        async with a_bench(tmp_path):
            assert [*(tmp_path / "results").rglob("*.zip")] == [kept]
            assert not [*(tmp_path / "incoming").iterdir()]

    asyncio.run(story())


def test_a_stale_report_does_not_touch_the_results_of_a_finished_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent, stranger = await bench.agent("one"), await bench.agent("two")
            (lease,) = await agent.take()
            archive = a_zip(out="1")
            await agent.report(lease, results=archive)
            assert await stranger.report(lease, results=a_zip(out="2")) == "discard"
            assert await agent.report(lease, token="guess") == "discard"
            parts = bench.parts
            served = await fetch.results(job_id, database=parts.database, blobs=parts.blobs)
            with served.file as file:
                assert file.read() == archive

    asyncio.run(story())


def test_a_cancel_that_nobody_asked_for_puts_the_job_back_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            assert await agent.report(lease, "cancelled", results=a_zip(out="1")) == "recorded"
            assert await agent.report(lease, "cancelled") == "already_recorded"
            job = await bench.job(job_id)
            assert (job.state, job.losses) == (JobState.QUEUED, 1)
            assert not [*(tmp_path / "results").rglob("*.zip")]

    asyncio.run(story())
