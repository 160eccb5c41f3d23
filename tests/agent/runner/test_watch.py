"""How a shim ends a job: by its limits, by a cancel, with the lease, with the host."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from joborch.agent.runner import linux, records
from joborch.agent.runner.control import Launcher, cancel, wait_ended
from joborch.agent.runner.processes import look
from joborch.agent.runner.records import Cause, Ended
from tests.agent.runner.attempts import Attempt, MakeAttempt, is_alive, run
from tests.support.waiting import async_wait_until, wait_until

STUBBORN = "trap '' TERM; touch ready; exec sleep 60"
POLITE = "trap 'echo bye; exit 7' TERM; touch ready; while :; do sleep 0.02; done"


def run_while(attempt: Attempt, act: Callable[[int], Awaitable[None] | None]) -> Ended:
    """Start an attempt, act on it once it has made the file `ready`, and wait for its end."""

    async def scenario() -> Ended:
        launcher = Launcher(log=attempt.directory / "launcher.log")
        pid = await launcher.start(attempt.directory)
        await async_wait_until((attempt.work / "ready").exists)
        action = act(pid)
        if action is not None:
            await action
        await wait_ended(attempt.directory, pid)
        await launcher.close()
        return attempt.ended

    return asyncio.run(scenario())


def test_the_time_limit_ends_the_whole_tree(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(
        """
        trap '' TERM
        sleep 60 & echo $! > child
        setsid sleep 60 & echo $! > daemon
        (setsid bash -c 'sleep 60 & echo $! > orphan; exit' &)
        sleep 60
        """,
        time_limit_s=0.4,
        grace_s=0.1,
    )
    ended = run(attempt)
    assert (ended.cause, ended.signal) == (Cause.TIMED_OUT, signal.SIGKILL)
    assert 0.5 <= ended.elapsed_s < 2
    left = [attempt.number_in(name) for name in ("child", "daemon", "orphan")]
    assert [pid for pid in left if is_alive(pid)] == []


def test_a_job_within_its_time_limit_is_left_alone(an_attempt: MakeAttempt) -> None:
    assert run(an_attempt("exit 3", time_limit_s=1e10)).cause is Cause.EXITED


def test_a_cancelled_job_may_tidy_up(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(POLITE)
    ended = run_while(attempt, lambda pid: _cancelled(attempt, pid, None))
    assert (ended.cause, ended.exit_code) == (Cause.CANCELLED, 7)
    assert attempt.output() == "bye\n"


def test_a_stubborn_job_is_killed_after_the_grace(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(STUBBORN)
    ended = run_while(attempt, lambda pid: _cancelled(attempt, pid, 0.2))
    assert (ended.cause, ended.signal) == (Cause.CANCELLED, signal.SIGKILL)
    assert ended.elapsed_s >= 0.2


def test_no_grace_means_at_once(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(POLITE)
    ended = run_while(attempt, lambda pid: _cancelled(attempt, pid, 0))
    assert (ended.cause, ended.signal) == (Cause.CANCELLED, signal.SIGKILL)
    assert attempt.output() == ""


def test_a_second_cancel_can_shorten_the_grace(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(STUBBORN)

    async def twice(pid: int) -> None:
        _cancelled(attempt, pid, 60)
        await async_wait_until(lambda: _has_taken_the_signal(pid))
        _cancelled(attempt, pid, 0)

    assert run_while(attempt, twice).signal == signal.SIGKILL


def test_a_job_that_ended_before_the_cancel_has_exited(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("touch ready; until [ -e go ]; do sleep 0.01; done; exit 6")

    async def cancel_late(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        (attempt.work / "go").touch()
        await async_wait_until(lambda: not is_alive(attempt.started.pid))
        _cancelled(attempt, pid, 0)
        os.kill(pid, signal.SIGCONT)

    ended = run_while(attempt, cancel_late)
    assert (ended.cause, ended.exit_code) == (Cause.EXITED, 6)


def test_a_cancel_after_the_end_changes_nothing(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("exit 6")
    run(attempt)
    assert not cancel(attempt.directory, attempt.started.shim_pid)
    assert attempt.ended.cause is Cause.EXITED


def test_a_sigterm_without_a_cancel_is_the_end_of_the_host(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(POLITE)
    ended = run_while(attempt, lambda pid: os.kill(pid, signal.SIGTERM))
    assert (ended.cause, ended.exit_code) == (Cause.SHUTDOWN, 7)


def test_a_lease_that_is_not_renewed_stops_the_job(an_attempt: MakeAttempt, tmp_path: Path) -> None:
    lease_file = tmp_path / "lease"
    records.write_renewal(lease_file, linux.boottime())
    attempt = an_attempt("sleep 60", lease_file=str(lease_file), stop_after_s=0.3)
    ended = run(attempt)
    assert ended.cause is Cause.LEASE_LOST
    assert ended.elapsed_s < 2


def test_the_grace_of_a_lost_lease_counts_from_its_loss_and_not_from_its_notice(
    an_attempt: MakeAttempt, tmp_path: Path
) -> None:
    records.write_renewal(tmp_path / "lease", linux.boottime() - 100)
    lease = {"lease_file": str(tmp_path / "lease"), "stop_after_s": 0.3}
    ended = run(an_attempt(STUBBORN, grace_s=60, **lease))
    assert (ended.cause, ended.signal) == (Cause.LEASE_LOST, signal.SIGKILL)
    assert ended.elapsed_s < 2


def test_a_cancelled_job_has_no_longer_than_its_lease(
    an_attempt: MakeAttempt, tmp_path: Path
) -> None:
    records.write_renewal(tmp_path / "lease", linux.boottime())
    lease = {"lease_file": str(tmp_path / "lease"), "stop_after_s": 1.0}
    attempt = an_attempt(STUBBORN, grace_s=0.1, **lease)
    ended = run_while(attempt, lambda pid: _cancelled(attempt, pid, 60))
    assert (ended.cause, ended.signal) == (Cause.CANCELLED, signal.SIGKILL)


@pytest.mark.parametrize("content", ["", "nan", "1e15", "-4"])
def test_without_a_sensible_renewal_the_lease_counts_from_the_start(
    an_attempt: MakeAttempt, tmp_path: Path, content: str
) -> None:
    (tmp_path / "lease").write_text(content)
    attempt = an_attempt("sleep 60", lease_file=str(tmp_path / "lease"), stop_after_s=0.3)
    ended = run(attempt)
    assert ended.cause is Cause.LEASE_LOST
    assert 0.25 <= ended.elapsed_s < 2


def test_a_renewed_lease_keeps_the_job_running(an_attempt: MakeAttempt, tmp_path: Path) -> None:
    lease_file, began = tmp_path / "lease", linux.boottime()
    records.write_renewal(lease_file, began)
    attempt = an_attempt("touch ready; sleep 60", lease_file=str(lease_file), stop_after_s=0.6)

    async def renew(_: int) -> None:
        await async_wait_until(lambda: linux.boottime() > began + 0.3)
        records.write_renewal(lease_file, linux.boottime())

    ended = run_while(attempt, renew)
    assert ended.cause is Cause.LEASE_LOST
    assert linux.boottime() - began >= 0.9


def test_an_idle_shim_uses_no_time(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(STUBBORN)

    def stays_asleep(pid: int) -> None:
        before = _switches(pid)
        deadline = linux.boottime() + 0.3
        wait_until(lambda: linux.boottime() > deadline)
        assert _switches(pid) <= before + 1
        _cancelled(attempt, pid, 0)

    run_while(attempt, stays_asleep)


def _cancelled(attempt: Attempt, pid: int, grace_s: float | None) -> None:
    assert cancel(attempt.directory, pid, grace_s)


def _has_taken_the_signal(pid: int) -> bool:
    """Whether no signal is pending any more, and the process sleeps again."""
    status = Path(f"/proc/{pid}/status").read_text()
    pending = [line for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))]
    assert look(pid) is not None
    return "State:\tS" in status and all(int(line.split()[1], 16) == 0 for line in pending)


def _switches(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("voluntary_ctxt_switches:")[1].split()[0])
