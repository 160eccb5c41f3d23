"""An agent that starts again and finds what an earlier process of it left."""

import asyncio
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from joborch.agent.attempts import Attempt
from joborch.agent.endings import Ending
from joborch.agent.runner import phases, records
from joborch.agent.spool import Identity, Spool
from joborch.process.clock import Clock
from joborch.wire.agents import KnownAttempt, Report
from tests.support.agent_link import AWAY, ScriptedLink, a_file, a_lease
from tests.support.agents import killed, results_of, serving
from tests.support.waiting import async_wait_until

UNTIL_TOLD = "touch running; while [ ! -e on ]; do sleep .02; done; echo end"


async def start_and_kill(work_dir: Path, script: str) -> Path:
    """Have a job start under an agent that then dies; return the attempt's directory."""
    link = ScriptedLink()
    async with killed(link, work_dir) as agent:
        link.lease(a_lease(script))
        folder = agent.folder(7)
        await async_wait_until((folder / "work" / "running").exists)
    return folder


async def reports_after_restart(work_dir: Path, link: ScriptedLink) -> list[Report]:
    async with serving(link, work_dir) as agent:
        await link.reported(7)
        await async_wait_until(lambda: not agent.folders)
    return link.reports


def prepare(work_dir: Path, *, renewed_ago_s: float = 0.0) -> Attempt:
    """Leave an attempt that was accepted but never started."""
    clock = Clock()
    spool = Spool(work_dir, clock=clock)
    spool.remember(Identity(agent_id="a-1", key="key"))
    attempt = Attempt.create(spool.folder_for(7, 1), a_lease("touch ran"))
    spool.renew_leases(clock.boottime() - renewed_ago_s)
    spool.close()
    return attempt


def test_a_running_job_survives_the_agent_and_is_reported_once(work_dir: Path) -> None:
    async def go() -> tuple[ScriptedLink, list[Report]]:
        folder = await start_and_kill(work_dir, UNTIL_TOLD)
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            await link.polled(1)
            (folder / "work" / "on").touch()
            await link.reported(7)
            await async_wait_until(lambda: not agent.folders)
        return link, link.reports

    link, reports = asyncio.run(go())
    assert link.polls[0].known == [KnownAttempt(job_id=7, attempt=1)]
    assert [report.outcome for report in reports] == ["completed"]
    assert results_of(reports[0])[".joborch/stdout.log"] == "end\n"


def test_a_job_that_ended_while_no_agent_was_there_is_reported(work_dir: Path) -> None:
    async def go() -> list[Report]:
        folder = await start_and_kill(work_dir, UNTIL_TOLD)
        (folder / "work" / "on").touch()
        await async_wait_until(lambda: isinstance(phases.inspect(folder), phases.Finished))
        return await reports_after_restart(work_dir, ScriptedLink())

    assert [report.outcome for report in asyncio.run(go())] == ["completed"]


def test_a_report_that_was_not_acknowledged_is_made_again(work_dir: Path) -> None:
    async def go() -> tuple[ScriptedLink, list[Report]]:
        first = ScriptedLink()
        first.fail("report", *[AWAY] * 100)
        async with killed(first, work_dir):
            first.lease(a_lease("echo 42 > answer.txt"))
            await first.reported(7)
        return first, await reports_after_restart(work_dir, ScriptedLink())

    first, again = asyncio.run(go())
    assert len(again) == 1
    assert again[0].results == first.reports[0].results


def test_a_job_whose_supervisor_died_is_lost_and_nothing_of_it_lives(work_dir: Path) -> None:
    async def go() -> tuple[list[Report], int]:
        folder = await start_and_kill(work_dir, "echo $$ > running; exec sleep 60")
        pid = int((folder / "work" / "running").read_text())
        phase = phases.inspect(folder)
        assert isinstance(phase, phases.Running)
        os.kill(phase.shim_pid, signal.SIGKILL)
        await async_wait_until(lambda: not phases.is_locked(folder))
        return await reports_after_restart(work_dir, ScriptedLink()), pid

    reports, pid = asyncio.run(go())
    assert [(report.outcome, report.reason) for report in reports] == [("lost", "supervisor_lost")]
    assert not Path(f"/proc/{pid}/cwd").exists()


def test_a_job_of_before_a_reboot_is_lost(work_dir: Path) -> None:
    attempt = prepare(work_dir)
    records.write_started(
        attempt.folder,
        records.Started(
            pid=1,
            start_ticks=1,
            boot_id="another boot",
            shim_pid=1,
            shim_start_ticks=1,
            started_at=1.0,
        ),
    )
    reports = asyncio.run(reports_after_restart(work_dir, ScriptedLink()))
    assert [(report.outcome, report.reason) for report in reports] == [("lost", "host_rebooted")]


def test_an_attempt_that_was_not_started_yet_is_started(work_dir: Path) -> None:
    prepare(work_dir)
    reports = asyncio.run(reports_after_restart(work_dir, ScriptedLink()))
    assert [report.outcome for report in reports] == ["completed"]
    assert "ran" in results_of(reports[0])


def test_an_attempt_whose_lease_ran_out_meanwhile_is_not_started(work_dir: Path) -> None:
    prepare(work_dir, renewed_ago_s=901)
    reports = asyncio.run(reports_after_restart(work_dir, ScriptedLink()))
    assert [(report.outcome, report.reason) for report in reports] == [("given_back", "lease_lost")]
    assert "ran" not in results_of(reports[0])


def test_an_attempt_that_was_settled_is_never_started(work_dir: Path) -> None:
    prepare(work_dir).settle(Ending(outcome="lost", reason="shutdown"))
    reports = asyncio.run(reports_after_restart(work_dir, ScriptedLink()))
    assert [(report.outcome, report.results) for report in reports] == [("lost", None)]


def test_a_directory_that_was_half_made_is_swept_away(work_dir: Path) -> None:
    half = work_dir / "attempts" / "7-1"
    (half / "work").mkdir(parents=True)

    async def go() -> list[KnownAttempt]:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            await async_wait_until(lambda: not agent.folders)
            return (await link.polled(1)).known

    assert asyncio.run(go()) == []
    assert not half.exists()


def test_leftovers_that_take_long_to_remove_hold_up_nobody(
    work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(work_dir)
    leftover = work_dir / "attempts" / ".gone-1"
    leftover.mkdir()
    (leftover / "file").touch()
    may_go_on, unlink = threading.Event(), os.unlink

    def unlink_slowly(*name: Any, **options: Any) -> None:
        may_go_on.wait(20)
        unlink(*name, **options)

    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            report = await link.reported(7)
            assert leftover.exists()
            may_go_on.set()
            await async_wait_until(lambda: not agent.folders)
        return report

    monkeypatch.setattr(os, "unlink", unlink_slowly)
    assert asyncio.run(go()).outcome == "completed"


def test_a_lease_at_or_below_the_high_water_mark_is_given_back_and_never_started(
    work_dir: Path,
) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir):
            link.lease(a_lease(attempt=2))
            await link.reported(7)
        again = ScriptedLink()
        async with serving(again, work_dir) as agent:
            again.lease(a_lease(attempt=1), a_lease(attempt=2), a_lease(attempt=3))
            await async_wait_until(lambda: len(again.reports) == 3)
            await async_wait_until(lambda: not agent.folders)
        return again

    outcomes = {report.attempt: report.outcome for report in asyncio.run(go()).reports}
    assert outcomes == {1: "lost", 2: "lost", 3: "completed"}


def test_a_newer_attempt_waits_until_the_older_one_is_gone(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("trap 'sleep .1; touch done' TERM; touch running; sleep 60 & wait"))
            older = agent.folder(7) / "work"
            await async_wait_until((older / "running").exists)
            link.lease(a_lease(f"test -e {older} && touch overlap", attempt=2))
            await link.reported(7)
        return link

    reports = asyncio.run(go()).reports
    assert [report.attempt for report in reports] == [2]
    assert "overlap" not in results_of(reports[0])


def test_an_attempt_that_is_offered_again_takes_the_new_token(work_dir: Path) -> None:
    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease(UNTIL_TOLD, files=[a_file("x", "x")]))
            work = agent.folder(7) / "work"
            await async_wait_until((work / "running").exists)
            link.lease(a_lease(UNTIL_TOLD, token="fresh"))
            await link.polled(3)
            (work / "on").touch()
            return await link.reported(7)

    assert asyncio.run(go()).token == "fresh"
