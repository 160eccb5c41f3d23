"""Jobs from the lease to the report, with real processes."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from joborch.domain.errors import TooLargeError
from joborch.wire.agents import CancelOrder, Lease, PollAnswer, Report, SnapshotOrder, StopOrder
from tests.support.agent_link import AWAY, ScriptedLink, a_file, a_lease
from tests.support.agents import ServingAgent, contents, results_of, serving
from tests.support.waiting import async_wait_until


def run(lease: Lease, work_dir: Path, link: ScriptedLink | None = None) -> Report:
    """Have one job run to its report, and see that nothing of it is left on disk."""
    server = link or ScriptedLink()

    async def go() -> Report:
        async with serving(server, work_dir) as agent:
            server.lease(lease)
            report = await server.reported(lease.job_id)
            await async_wait_until(lambda: not agent.folders, describe=lambda: agent.folders)
            return report

    return asyncio.run(go())


async def until_running(agent: ServingAgent, job_id: int = 7) -> None:
    """Wait until a job's script says so."""
    mark = agent.folder(job_id) / "work" / "running"
    await async_wait_until(mark.exists)


LASTING = "echo begun; touch running; sleep 60"


def test_a_job_runs_and_its_report_carries_the_zip(work_dir: Path) -> None:
    report = run(a_lease("echo out; echo err >&2; echo 42 > answer.txt"), work_dir)
    assert (report.outcome, report.exit_code, report.token) == ("completed", 0, "token")
    files = results_of(report)
    note = json.loads(files.pop(".joborch/job.json"))
    assert files == {
        "answer.txt": "42\n",
        "run.sh": "echo out; echo err >&2; echo 42 > answer.txt",
        ".joborch/stdout.log": "out\n",
        ".joborch/stderr.log": "err\n",
    }
    assert (note["job_id"], note["exit_code"], note["agent"]) == (7, 0, "tester")
    assert report.started_ago_s is not None


def test_the_report_names_size_and_checksum_of_the_zip(work_dir: Path) -> None:
    results = run(a_lease(), work_dir).results
    assert results is not None
    assert results.data is not None
    assert results.size_bytes == len(results.data)
    assert results.sha256 == hashlib.sha256(results.data).hexdigest()


def test_inputs_may_be_nested_and_come_partly_by_fetching(work_dir: Path) -> None:
    link = ScriptedLink()
    link.files["p-1", "deep/er/big.bin"] = b"big"
    files = [a_file("deep/a.txt", "a"), a_file("deep/er/big.bin", None)]
    report = run(a_lease("cat deep/a.txt deep/er/big.bin", files=files), work_dir, link)
    assert results_of(report)[".joborch/stdout.log"] == "abig"


def test_a_fetch_is_repeated_while_the_server_is_away(work_dir: Path) -> None:
    link = ScriptedLink()
    link.files["p-1", "big.bin"] = b"big"
    link.fail("fetch_payload_file", AWAY)
    report = run(a_lease("cat big.bin", files=[a_file("big.bin", None)]), work_dir, link)
    assert report.outcome == "completed"


def test_a_job_sees_its_own_variables_and_none_of_the_agent(work_dir: Path) -> None:
    report = run(a_lease("env | cut -d= -f1 | sort | tr '\\n' ' '", env={"MINE": "1"}), work_dir)
    assert set(results_of(report)[".joborch/stdout.log"].split()) == {
        *("MINE", "PATH", "HOME", "LANG", "TMPDIR", "PWD", "SHLVL", "_"),
        *("JOBORCH_JOB_ID", "JOBORCH_USER_ID", "JOBORCH_SERVICE", "JOBORCH_ATTEMPT"),
        *("JOBORCH_AGENT", "JOBORCH_SLOTS", "JOBORCH_WORKDIR"),
    }


def test_a_job_that_fails_is_reported_with_its_exit_code_and_results(work_dir: Path) -> None:
    report = run(a_lease("echo partial > part; exit 3"), work_dir)
    assert (report.outcome, report.exit_code) == ("failed", 3)
    assert results_of(report)["part"] == "partial\n"


def test_a_job_that_dies_of_a_signal_has_failed(work_dir: Path) -> None:
    report = run(a_lease("kill -SEGV $$"), work_dir)
    assert (report.outcome, report.exit_code, report.signal) == ("failed", None, 11)


def test_a_script_is_executed_as_its_first_line_says(work_dir: Path) -> None:
    report = run(a_lease("#!/usr/bin/env -S sed s/hello/hello!/\nhello"), work_dir)
    assert results_of(report)[".joborch/stdout.log"].splitlines()[1] == "hello!"


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("#!/no/such/python\n", "its interpreter '/no/such/python' does not exist"),
        ("#!/usr/bin/env gnarl\n", "its interpreter 'gnarl' was not found on PATH"),
        (
            "#!/bin/bash\r\nexit 0\r\n",
            "its first line ends in a carriage return; convert it with dos2unix",
        ),
    ],
)
def test_a_script_whose_first_line_is_wrong_fails_and_says_why(
    work_dir: Path, script: str, fault: str
) -> None:
    report = run(a_lease(script), work_dir)
    assert (report.outcome, report.reason) == ("failed", f"cannot_start: run.sh: {fault}")


def test_a_job_without_run_sh_is_invalid(work_dir: Path) -> None:
    report = run(a_lease(None, files=[a_file("data.txt", "x")]), work_dir)
    assert (report.outcome, report.reason) == ("invalid", "there is no run.sh")


def test_a_job_whose_payload_is_gone_is_invalid(work_dir: Path) -> None:
    report = run(a_lease(files=[a_file("big.bin", None)]), work_dir)
    assert report.outcome == "invalid"
    assert "big.bin" in (report.reason or "")


def test_a_file_that_would_leave_the_directory_makes_the_job_invalid(work_dir: Path) -> None:
    report = run(a_lease(files=[a_file("../../escaped", "x")]), work_dir)
    assert report.outcome == "invalid"
    assert not list(work_dir.parent.rglob("escaped"))


def test_a_job_that_takes_too_long_is_timed_out(work_dir: Path) -> None:
    report = run(a_lease("echo begun; sleep 60", time_limit_s=0.3), work_dir)
    assert report.outcome == "timed_out"
    assert results_of(report)[".joborch/stdout.log"] == "begun\n"


def test_a_cancelled_job_is_reported_with_what_it_left(work_dir: Path) -> None:
    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease(LASTING))
            await until_running(agent)
            link.give(PollAnswer(cancels=[CancelOrder(job_id=7, attempt=1)]))
            return await link.reported(7)

    report = asyncio.run(go())
    assert report.outcome == "cancelled"
    assert results_of(report)[".joborch/stdout.log"] == "begun\n"


def test_a_cancel_with_the_lease_keeps_the_job_from_starting(work_dir: Path) -> None:
    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir):
            order = CancelOrder(job_id=7, attempt=1)
            link.give(PollAnswer(leases=[a_lease("touch ran")], cancels=[order]))
            return await link.reported(7)

    report = asyncio.run(go())
    assert (report.outcome, report.reason) == ("cancelled", "cancelled before it started")
    assert "ran" not in results_of(report)


def test_a_stopped_job_ends_and_leaves_neither_report_nor_files(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease(LASTING))
            await until_running(agent)
            link.give(PollAnswer(stops=[StopOrder(job_id=7, attempt=1)]))
            await async_wait_until(lambda: not agent.folders, describe=lambda: agent.folders)
        return link

    assert asyncio.run(go()).reports == []


def test_a_job_that_was_taken_away_gets_no_grace(work_dir: Path) -> None:
    async def go() -> bool:
        link = ScriptedLink()
        async with serving(link, work_dir, grace="60s") as agent:
            link.lease(a_lease("trap '' TERM; touch running; exec sleep 60"))
            await until_running(agent)
            link.give(PollAnswer(stops=[StopOrder(job_id=7, attempt=1)]))
            await async_wait_until(lambda: not agent.folders, describe=lambda: agent.folders)
        return bool(link.reports)

    assert not asyncio.run(go())


def test_a_report_is_repeated_until_it_is_acknowledged(work_dir: Path) -> None:
    link = ScriptedLink()
    link.fail("report", AWAY, AWAY)
    run(a_lease(), work_dir, link)
    assert [report.outcome for report in link.reports] == ["completed"] * 3


def test_large_results_are_uploaded_before_they_are_reported(work_dir: Path) -> None:
    link = ScriptedLink(inline_bytes=10)
    link.fail("upload_results", AWAY)
    report = run(a_lease("echo 42 > answer.txt"), work_dir, link)
    assert report.results is not None
    assert report.results.data is None
    assert contents(link.uploads[7, 1])["answer.txt"] == "42\n"
    assert report.results.sha256 == hashlib.sha256(link.uploads[7, 1]).hexdigest()


def test_results_that_the_server_finds_too_large_fail_the_job(work_dir: Path) -> None:
    link = ScriptedLink(inline_bytes=10)
    link.fail("upload_results", TooLargeError("at most 5 bytes"))
    report = run(a_lease(), work_dir, link)
    assert (report.outcome, report.results) == ("failed", None)
    assert report.reason == "results_too_large: at most 5 bytes"


def test_only_jobs_that_last_a_while_are_announced_as_started(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir):
            link.lease(a_lease("sleep 60", job_id=1), a_lease("true", job_id=2))
            await async_wait_until(lambda: link.notices)
            await link.reported(2)
        return link

    notices = [notice for request in asyncio.run(go()).notices for notice in request]
    assert [notice.job_id for notice in notices] == [1]
    assert 0.04 < notices[0].ago_s < 10


def test_a_job_ends_by_itself_when_its_lease_is_not_renewed(work_dir: Path) -> None:
    report = run(a_lease("sleep 60", lost_after_s=2.5), work_dir)
    assert (report.outcome, report.reason) == ("lost", "lease_lost")


def test_a_snapshot_shows_the_directory_of_a_running_job(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease(LASTING))
            await until_running(agent)
            here = SnapshotOrder(request_id="r-1", job_id=7, attempt=1)
            gone = SnapshotOrder(request_id="r-2", job_id=8, attempt=1)
            link.give(PollAnswer(snapshots=[here, gone]))
            await async_wait_until(lambda: link.snapshots and link.refused)
        return link

    link = asyncio.run(go())
    assert sorted(contents(link.snapshots["r-1"])) == ["run.sh", "running"]
    assert link.refused == ["r-2"]


def test_logs_are_sent_only_while_they_are_followed(work_dir: Path) -> None:
    async def go() -> tuple[bytes, bytes]:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("echo begun; touch running; while [ ! -e on ]; do sleep .02; done"))
            await until_running(agent)
            link.give(PollAnswer())
            await link.polled(3)
            before = link.log_of(7)
            link.follow(7)
            await async_wait_until(lambda: link.log_of(7) == b"begun\n")
            await async_wait_until(lambda: link.polls[-1].following == {7: 1})
            link.follow()
            await async_wait_until(lambda: link.polls[-1].following == {})
            (agent.folder(7) / "work" / "on").touch()
            await link.reported(7)
            return before, link.log_of(7)

    assert asyncio.run(go()) == (b"", b"begun\n")


def test_a_new_tap_is_sent_the_log_from_its_beginning(work_dir: Path) -> None:
    async def go() -> list[tuple[int, bytes]]:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("echo begun; touch running; sleep 600"))
            await until_running(agent)
            link.follow(7, tap=1)
            await async_wait_until(lambda: len(told(link)) == 2)
            link.follow(7, tap=2)
            await async_wait_until(lambda: len(told(link)) == 4)
            return told(link)

    def told(link: ScriptedLink) -> list[tuple[int, bytes]]:
        return [(chunk.offset, chunk.data) for chunk in link.logs if chunk.stream == "stdout"]

    assert asyncio.run(go()) == [(0, b"begun\n"), (6, b""), (0, b"begun\n"), (6, b"")]


def test_the_last_words_of_a_followed_job_come_before_its_report(work_dir: Path) -> None:
    async def go() -> bytes:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("touch running; while [ ! -e on ]; do sleep .02; done; echo end"))
            await until_running(agent)
            link.follow(7)
            await async_wait_until(lambda: link.polls[-1].following == {7: 1})
            (agent.folder(7) / "work" / "on").touch()
            await link.reported(7)
            return link.log_of(7)

    assert asyncio.run(go()) == b"end\n"
