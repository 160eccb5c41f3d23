"""Results of which a job's row says nothing: found, and not taken for something to sweep away."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from joborch.server.audit.main import audit
from joborch.server.settings import load_settings
from tests.server.operations.test_lease import cancel_job
from tests.support.bench import a_bench, a_zip

NO_RECORD = "UPDATE jobs SET results_sha256 = NULL, results_bytes = NULL"
NO_WORD = "UPDATE events SET detail = json_remove(detail, '$.results_bytes')"
UNRECORDED = "I5 job 1: 1-1.zip is here, and no results are recorded"
CONTRADICTED = "I5 job 1: has other results than its end told of, or none"


def a_job_that_ended(data: Path, outcome: str, *, results: bytes | None) -> None:
    async def story() -> None:
        async with a_bench(data) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            if outcome == "cancelled":
                await cancel_job(bench, job_id)
            await agent.report(lease, outcome, results=results)

    asyncio.run(story())


def started_again(data: Path) -> None:
    async def story() -> None:
        async with a_bench(data):
            pass

    asyncio.run(story())


def spoil(data: Path, *statements: str) -> None:
    with closing(sqlite3.connect(data / "joborch.db")) as database, database:
        for statement in statements:
            database.execute(statement)


def found(data: Path) -> Iterator[str]:
    audited = audit(load_settings({"data": str(data)}, {}, None))
    for finding in [*audited.violations, *audited.notes]:
        yield f"{finding.invariant} {finding}"


@pytest.mark.parametrize("outcome", ["completed", "failed", "timed_out", "cancelled"])
def test_results_that_a_job_no_longer_tells_of_are_found_and_outlive_a_start(
    tmp_path: Path, outcome: str, caplog: pytest.LogCaptureFixture
) -> None:
    a_job_that_ended(tmp_path, outcome, results=a_zip(out="1"))
    assert [*found(tmp_path)] == []
    spoil(tmp_path, NO_RECORD)
    assert [*found(tmp_path)] == [CONTRADICTED, UNRECORDED]
    started_again(tmp_path)
    assert "results are here that no job tells of" in caplog.messages
    assert [*found(tmp_path)] == [CONTRADICTED, UNRECORDED]


def test_so_they_are_if_they_came_before_ends_told_of_results(tmp_path: Path) -> None:
    a_job_that_ended(tmp_path, "completed", results=a_zip(out="1"))
    spoil(tmp_path, NO_RECORD, NO_WORD)
    started_again(tmp_path)
    assert [*found(tmp_path)] == [UNRECORDED]


def test_results_that_are_gone_with_their_record_are_found_by_what_the_end_told(
    tmp_path: Path,
) -> None:
    a_job_that_ended(tmp_path, "completed", results=a_zip(out="1"))
    spoil(tmp_path, NO_RECORD)
    (tmp_path / "results" / "000000" / "1-1.zip").unlink()
    assert [*found(tmp_path)] == [CONTRADICTED]


@pytest.mark.parametrize("outcome", ["completed", "failed", "timed_out", "cancelled", "invalid"])
def test_a_job_whose_agent_had_no_results_to_send_is_in_order(
    tmp_path: Path, outcome: str, caplog: pytest.LogCaptureFixture
) -> None:
    a_job_that_ended(tmp_path, outcome, results=None)
    started_again(tmp_path)
    assert [*found(tmp_path)] == []
    assert "results are here that no job tells of" not in caplog.messages


def test_results_that_came_while_a_job_was_lost_are_swept_away(tmp_path: Path) -> None:
    a_job_that_ended(tmp_path, "lost", results=None)
    spoil(tmp_path, "UPDATE jobs SET not_before = NULL")

    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await cancel_job(bench, 1)

    asyncio.run(story())
    archive = tmp_path / "results" / "000000" / "1-1.zip"
    archive.parent.mkdir()
    archive.write_bytes(a_zip(out="1"))
    assert [*found(tmp_path)] == ["I10 results: 1-1.zip belongs to nobody"]
    started_again(tmp_path)
    assert not archive.exists()
