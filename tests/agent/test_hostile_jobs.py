"""Jobs that turn on the agent by what they do to its files: it goes on, and tells their end."""

import asyncio
from pathlib import Path

import pytest

from joborch.agent import overseeing
from joborch.agent.runner import records
from joborch.process.clock import Clock
from joborch.wire.agents import CancelOrder, PollAnswer, Report, StopOrder
from tests.agent.runner.attempts import pids_in
from tests.agent.trees import nest
from tests.support.agent_link import ScriptedLink, a_lease
from tests.support.agents import killed, results_of, serving
from tests.support.waiting import async_wait_until, wait_until


def outlived(script: str, work_dir: Path) -> Report:
    """Have a job do its worst, see that the next one runs as ever; return the first's report."""

    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease(script))
            report = await link.reported(7)
            link.lease(a_lease("true", job_id=8))
            assert (await link.reported(8)).outcome == "completed"
            await async_wait_until(lambda: not agent.folders, describe=lambda: agent.folders)
            return report

    return asyncio.run(go())


def test_folders_without_end_are_removed(work_dir: Path) -> None:
    deep = "mkdir -p $(printf 'd/%.0s' {1..1500})"
    assert outlived(deep, work_dir).outcome == "completed"


def test_leftovers_without_end_do_not_keep_an_agent_from_starting(work_dir: Path) -> None:
    (work_dir / "attempts" / "7-1").mkdir(parents=True)
    nest(work_dir / "attempts" / "7-1", 3000)
    assert outlived("true", work_dir).outcome == "completed"


@pytest.mark.parametrize(
    "script",
    [
        "cd ..; rm -rf work",
        "cd ..; mv work w2; ln -s /etc work",
        "cd ..; rm -rf work; mkfifo work",
        "cd ..; rm stderr.log; mkfifo stderr.log",
        "cd ..; ln -sf /etc/passwd stderr.log",
        "cd ..; ln -s /nowhere/x job.json; ln -s /nowhere/x results.zip.part",
        "cd ..; mkdir -p job.json/x results.zip/x results.zip.part/x cancel/x exit.json/x",
        "cd ..; rm lease.json; mkfifo lease.json",
        "cd ..; mkfifo ending.json",
        "chmod 0 .",
        "chmod 0 ..",
        "chmod 0 ../stderr.log ../lock ../started.json ../lease.json",
    ],
)
def test_a_job_ends_as_it_ended_whatever_it_has_done_to_its_directory(
    script: str, work_dir: Path
) -> None:
    report = outlived(f"echo said; {script}; exit 3", work_dir)
    assert (report.outcome, report.exit_code) == ("failed", 3)
    files = results_of(report)
    assert files[".joborch/stdout.log"] == "said\n"
    assert {".joborch/job.json"} <= set(files)
    assert "root:" not in "".join(files.values())


@pytest.mark.parametrize("name", ["lock", "started.json", "spec.json"])
@pytest.mark.parametrize("plant", ["rm -f {}; mkfifo {}", "ln -sf /etc/passwd {}", "rm -f {}"])
def test_a_job_that_spoils_its_records_hurts_only_itself(
    name: str, plant: str, work_dir: Path
) -> None:
    script = f"cd ..; {plant.replace('{}', name)}"
    assert outlived(script, work_dir).outcome in {"completed", "lost"}


def test_a_job_that_removes_its_whole_attempt_is_not_tried_again(work_dir: Path) -> None:
    report = outlived("cd ../..; rm -rf 7-1", work_dir)
    assert report.outcome == "failed"
    assert report.reason == "it removed its own directory, and with it how it ended"


def test_a_followed_log_that_became_a_pipe_holds_up_nobody(work_dir: Path) -> None:
    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("rm ../stderr.log; mkfifo ../stderr.log; touch running; sleep 60"))
            await async_wait_until((agent.folder(7) / "work" / "running").exists)
            link.follow(7)
            await async_wait_until(lambda: link.polls[-1].following == {7: 1})
            link.give(PollAnswer(cancels=[CancelOrder(job_id=7, attempt=1)]))
            return await link.reported(7)

    assert asyncio.run(go()).outcome == "cancelled"


def test_a_cancel_reaches_a_job_that_has_barred_its_way(work_dir: Path) -> None:
    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("mkdir -p ../cancel/x; touch running; sleep 60"))
            await async_wait_until((agent.folder(7) / "work" / "running").exists)
            link.give(PollAnswer(cancels=[CancelOrder(job_id=7, attempt=1)]))
            return await link.reported(7)

    assert asyncio.run(go()).outcome == "cancelled"


STOPPING = "kill -STOP $PPID; touch running; sleep 60"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overseeing, "MARGIN_S", 0.2)
    monkeypatch.setattr(overseeing, "LOOK_AGAIN_S", 0.1)


@pytest.mark.usefixtures("hurried")
def test_a_job_that_stops_its_supervisor_is_timed_out_all_the_same(work_dir: Path) -> None:
    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir, grace="0.1s"):
            link.lease(a_lease(STOPPING, time_limit_s=0.3))
            return await link.reported(7)

    report = asyncio.run(go())
    assert (report.outcome, report.reason) == ("timed_out", "its supervisor was stopped")
    assert "running" in results_of(report)
    assert not pids_in(work_dir)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("grace_s", [0, 0.2])
def test_a_job_that_stops_its_supervisor_is_cancelled_all_the_same(
    work_dir: Path, grace_s: float
) -> None:
    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease(f"setsid sleep 60 & {STOPPING}"))
            await async_wait_until((agent.folder(7) / "work" / "running").exists)
            link.give(PollAnswer(cancels=[CancelOrder(job_id=7, attempt=1, grace_s=grace_s)]))
            return await link.reported(7)

    report = asyncio.run(go())
    assert (report.outcome, report.reason) == ("cancelled", "its supervisor was stopped")
    wait_until(lambda: not pids_in(work_dir))


@pytest.mark.usefixtures("hurried")
def test_a_job_that_stops_its_supervisor_can_be_taken_away(work_dir: Path) -> None:
    async def go() -> list[Report]:
        link = ScriptedLink()
        async with serving(link, work_dir, grace="0.1s") as agent:
            link.lease(a_lease(STOPPING))
            await async_wait_until((agent.folder(7) / "work" / "running").exists)
            link.give(PollAnswer(stops=[StopOrder(job_id=7, attempt=1)]))
            await async_wait_until(lambda: not agent.folders)
        return link.reports

    assert asyncio.run(go()) == []


def test_a_job_that_stops_its_supervisor_does_not_outlive_its_lease(work_dir: Path) -> None:
    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir):
            link.lease(a_lease(STOPPING, lost_after_s=2.5))
            # No poll is answered after this one.
            return await link.reported(7)

    report = asyncio.run(go())
    assert (report.outcome, report.reason) == ("lost", "lease_lost: its supervisor was stopped")
    assert not pids_in(work_dir)


def test_a_job_that_stopped_its_supervisor_is_ended_by_an_agent_that_comes_too_late(
    work_dir: Path,
) -> None:
    async def go() -> Report:
        async with killed(first := ScriptedLink(), work_dir) as agent:
            first.lease(a_lease(STOPPING, lost_after_s=60))
            await async_wait_until((agent.folder(7) / "work" / "running").exists)
        lapsed_at = Clock().boottime() - 60
        records.write_renewal(work_dir / "lease", lapsed_at)
        async with serving(second := ScriptedLink(), work_dir):
            return await second.reported(7)

    report = asyncio.run(go())
    assert (report.outcome, report.reason) == ("lost", "lease_lost: its supervisor was stopped")
    assert not pids_in(work_dir)


@pytest.mark.usefixtures("hurried")
def test_a_job_that_only_is_slow_to_end_is_left_to_its_supervisor(work_dir: Path) -> None:
    async def go() -> Report:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("trap 'sleep 1; exit 0' TERM; touch running; sleep 60 & wait"))
            await async_wait_until((agent.folder(7) / "work" / "running").exists)
            link.give(PollAnswer(cancels=[CancelOrder(job_id=7, attempt=1, grace_s=0.3)]))
            return await link.reported(7)

    report = asyncio.run(go())
    assert (report.outcome, report.reason, report.signal) == ("cancelled", None, 9)
