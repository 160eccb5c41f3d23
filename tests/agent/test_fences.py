"""What tells the server, or a later boot, that something an agent says or has is out of date."""

import asyncio
import os
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from joborch.agent import overseeing
from joborch.agent.attempts import Attempt, boot_id
from joborch.agent.backends.base import Backend, Handle
from joborch.agent.backends.local import LocalBackend
from joborch.agent.endings import Cause
from joborch.agent.runner import phases
from joborch.agent.runner.processes import look
from joborch.agent.spool import Identity, Spool
from joborch.process.clock import Clock
from joborch.wire.agents import PollAnswer, Report
from tests.agent.backends.contract import Bench, until_running
from tests.agent.runner.attempts import pids_in
from tests.agent.test_adoption import prepare, reports_after_restart
from tests.support.agent_link import ScriptedLink, a_lease
from tests.support.agents import end_all_attempts, results_of, serving
from tests.support.original import unpacked
from tests.support.waiting import async_wait_until, wait_until


def test_every_poll_has_a_higher_number(work_dir: Path) -> None:
    async def go() -> list[int]:
        link = ScriptedLink()
        async with serving(link, work_dir):
            link.give(PollAnswer())
            link.give(PollAnswer())
            await link.polled(3)
        return [poll.number for poll in link.polls]

    assert asyncio.run(go())[:3] == [1, 2, 3]


def test_an_attempt_that_was_accepted_before_a_reboot_is_lost(work_dir: Path) -> None:
    """Nothing of it was flushed, so that its files may not be those that were sent."""
    clock = Clock()
    spool = Spool(work_dir, clock=clock)
    spool.remember(Identity(agent_id="a-1", key="key"))
    attempt = Attempt.create(spool.folder_for(7, 1), a_lease("touch ran"))
    spool.renew_leases(clock.boottime())
    spool.close()
    kept = attempt.folder / "lease.json"
    kept.write_text(kept.read_text().replace(boot_id(), "another boot"))

    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir):
            return await link.reported(7)

    report = asyncio.run(go())
    assert (report.outcome, report.reason) == ("lost", "host_rebooted")
    assert "ran" not in results_of(report)


def test_an_attempt_whose_lease_ran_out_is_not_even_started(work_dir: Path) -> None:
    """Its supervisor would end it at once; but what has begun may have done something."""
    prepare(work_dir, renewed_ago_s=901)
    (report,) = asyncio.run(reports_after_restart(work_dir, ScriptedLink()))
    assert (report.reason, report.started_ago_s) == ("lease_lost", None)


def test_a_newer_attempt_waits_even_if_the_older_one_resists(
    work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overseeing, "MARGIN_S", 1.0)
    monkeypatch.setattr(overseeing, "LOOK_AGAIN_S", 0.2)

    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("kill -STOP $PPID; touch running; sleep 60"))
            older = agent.folder(7) / "work" / "running"
            await async_wait_until(older.exists)
            link.lease(a_lease(f"test -e {older} && touch overlap", attempt=2))
            await link.reported(7)
        return link

    (report,) = asyncio.run(go()).reports
    assert report.attempt == 2
    assert "overlap" not in results_of(report)


def test_what_the_server_does_not_have_yet_is_kept_and_sent_again(work_dir: Path) -> None:
    async def go() -> tuple[list[str], list[Report]]:
        link, answers = ScriptedLink(), iter(["results_missing", "recorded"])
        link.disposition = lambda _: next(answers)
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("touch ran"))
            await link.reported(7)
            kept = agent.folders
            await async_wait_until(lambda: len(link.reports) == 2)
        return kept, link.reports

    kept, (first, second) = asyncio.run(go())
    assert kept == ["7-1"]
    assert first.results == second.results


def test_results_that_the_disk_has_spoilt_are_packed_again_and_not_sent_for_ever(
    work_dir: Path,
) -> None:
    async def go() -> tuple[ScriptedLink, list[str]]:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            archive = agent.folder(7) / "results.zip"

            def judge(report: Report) -> str:
                if len(link.reports) == 1:
                    archive.write_bytes(archive.read_bytes()[:-100] + b"x" * 100)
                    return "results_missing"
                assert report.results is not None
                digest = sha256(link.uploads[7, 1]).hexdigest()
                return "recorded" if digest == report.results.sha256 else "results_missing"

            link.disposition = judge
            link.lease(a_lease("head -c 600000 /dev/urandom > x"))
            await async_wait_until(lambda: agent.folders == [] and link.reports, timeout=30)
        return link, [report.outcome for report in link.reports]

    link, outcomes = asyncio.run(go())
    assert outcomes == ["completed", "completed"]
    assert set(unpacked(link.uploads[7, 1])) >= {"run.sh", "x"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    yield Bench(tmp_path, lambda: LocalBackend(log=tmp_path / "launcher.log"))
    end_all_attempts(tmp_path)


async def submit_and_orphan(backend: Backend, bench: Bench) -> Handle:
    """Start a job, then kill launcher and supervisor; what it has in the background goes on."""
    spec = bench.spec("sleep 60 & touch running; wait")
    handle = await backend.submit(spec)
    await until_running(spec)
    kill_launcher_and_supervisor(handle.folder)
    return handle


def kill_launcher_and_supervisor(folder: Path) -> None:
    phase = phases.inspect(folder)
    assert isinstance(phase, phases.Running), phase
    supervisor = look(phase.shim_pid)
    assert supervisor is not None
    for pid in (supervisor.parent, supervisor.pid):
        os.kill(pid, signal.SIGKILL)


def check_nothing_is_left(bench: Bench) -> None:
    wait_until(lambda: not pids_in(bench.root), describe=lambda: pids_in(bench.root))


def test_what_a_killed_supervisor_and_launcher_leave_is_killed(bench: Bench) -> None:
    async def run(backend: Backend) -> Cause:
        handle = await submit_and_orphan(backend, bench)
        return (await backend.ended(handle)).cause

    assert bench.go(run) is Cause.SUPERVISOR_LOST
    check_nothing_is_left(bench)


def test_what_has_left_its_session_is_killed_before_the_attempt_is_reported_lost(
    work_dir: Path,
) -> None:
    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("setsid bash -c 'touch running; sleep 60' & wait"))
            folder = agent.folder(7)
            await async_wait_until((folder / "work" / "running").exists)
            kill_launcher_and_supervisor(folder)
            return await link.reported(7)

    assert asyncio.run(go()).reason == "supervisor_lost"
    wait_until(lambda: not pids_in(work_dir), describe=lambda: pids_in(work_dir))


def test_what_is_left_of_a_lost_attempt_is_killed_when_it_is_recovered(bench: Bench) -> None:
    async def lose(backend: Backend) -> Path:
        return (await submit_and_orphan(backend, bench)).folder

    folder = bench.go(lose)
    wait_until(lambda: not phases.is_locked(folder))
    assert pids_in(bench.root)
    assert bench.go(lambda backend: backend.recover(folder)) is not None
    check_nothing_is_left(bench)
