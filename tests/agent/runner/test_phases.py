"""How far an attempt has come, and what becomes of the leftovers of a lost supervisor."""

import asyncio
import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from joborch.agent.runner import linux, records
from joborch.agent.runner.control import Launcher, wait_ended
from joborch.agent.runner.phases import (
    Finished,
    Fresh,
    HostRebooted,
    Running,
    SupervisorLost,
    forbid,
    inspect,
    is_locked,
    kill_leftovers,
)
from joborch.agent.runner.processes import look
from joborch.agent.runner.records import Started
from tests.agent.runner.attempts import Attempt, MakeAttempt, is_alive, pids_in, run
from tests.support.waiting import async_wait_until, wait_until

ANOTHER_BOOT = "00000000-0000-4000-8000-000000000000"
NOBODY = Started(
    pid=2**30,
    start_ticks=0,
    boot_id=linux.boot_id(),
    shim_pid=1,
    shim_start_ticks=0,
    started_at=0.0,
)
"""A start record of this boot whose pid nobody can have."""


def lose_supervisor(attempt: Attempt) -> None:
    """Start it, and once it has made the file `ready`, kill launcher and shim, in this order."""

    async def scenario() -> None:
        launcher = Launcher()
        pid = await launcher.start(attempt.directory)
        await async_wait_until((attempt.work / "ready").exists)
        shim = look(pid)
        assert shim is not None
        os.kill(shim.parent, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        await wait_ended(attempt.directory, pid)
        await launcher.close()

    asyncio.run(scenario())


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Started]:
    """A start record whose pid was taken over by the leader of somebody else's session."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True, cwd=tmp_path) as process:
        seen = look(process.pid)
        assert seen is not None
        yield Started(
            pid=process.pid,
            start_ticks=seen.start_ticks - 1,
            boot_id=linux.boot_id(),
            shim_pid=1,
            shim_start_ticks=0,
            started_at=0.0,
        )
        assert process.poll() is None
        process.kill()


def test_an_attempt_begins_fresh(an_attempt: MakeAttempt) -> None:
    assert inspect(an_attempt().directory) == Fresh()


def test_what_a_job_puts_in_the_place_of_the_lock_is_not_locked(tmp_path: Path) -> None:
    lock = tmp_path / records.LOCK
    os.mkfifo(lock)
    assert not is_locked(tmp_path)
    lock.unlink()
    lock.symlink_to("lock")
    assert not is_locked(tmp_path)
    lock.unlink()
    lock.mkdir()
    assert not is_locked(tmp_path)


def test_a_running_attempt_names_its_supervisor(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("sleep 60")

    async def scenario() -> int:
        launcher = Launcher()
        pid = await launcher.start(attempt.directory)
        await launcher.close()
        return pid

    pid = asyncio.run(scenario())
    assert inspect(attempt.directory) == Running(shim_pid=pid)


def test_an_ended_attempt_is_finished(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("exit 2")
    assert inspect(attempt.directory) == Fresh()
    ended = run(attempt)
    assert inspect(attempt.directory) == Finished(ended=ended)


def test_after_a_reboot_nothing_is_believed(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt()
    run(attempt)
    assert inspect(attempt.directory, boot_id=ANOTHER_BOOT) == HostRebooted()


@pytest.mark.parametrize("name", [records.STARTED, records.EXIT])
def test_a_torn_record_means_a_power_cut(an_attempt: MakeAttempt, name: str) -> None:
    attempt = an_attempt()
    (attempt.directory / name).write_bytes(b"")
    assert inspect(attempt.directory) == HostRebooted()


def test_a_job_dies_with_its_supervisor(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("touch ready; exec sleep 60")
    lose_supervisor(attempt)
    wait_until(lambda: not is_alive(attempt.started.pid))
    assert inspect(attempt.directory) == SupervisorLost(started=attempt.started)
    rebooted = inspect(attempt.directory, boot_id=ANOTHER_BOOT)
    assert rebooted == HostRebooted()


def test_leftovers_are_killed(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("for i in {1..5}; do sleep 60 & done; touch ready; wait")
    lose_supervisor(attempt)
    wait_until(lambda: not is_alive(attempt.started.pid))
    left = pids_in(attempt.directory)
    assert len(left) == 5
    assert sorted(kill_leftovers(attempt.directory, attempt.started)) == sorted(left)
    wait_until(lambda: not pids_in(attempt.directory))
    assert kill_leftovers(attempt.directory, attempt.started) == []


def test_of_another_boot_nothing_is_killed(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("sleep 60 & touch ready; wait")
    lose_supervisor(attempt)
    assert kill_leftovers(attempt.directory, attempt.started, boot_id=ANOTHER_BOOT) == []
    assert pids_in(attempt.directory) != []


def test_a_stranger_who_got_the_pid_is_not_killed(tmp_path: Path, stranger: Started) -> None:
    assert kill_leftovers(tmp_path, stranger) == []


def test_without_a_leader_only_what_uses_the_directory_is_killed(tmp_path: Path) -> None:
    script = "sleep 60 & echo $! > left; cd /; sleep 60 > /dev/null & echo $! > $OLDPWD/elsewhere"
    with subprocess.Popen(["bash", "-c", script], cwd=tmp_path, start_new_session=True) as leader:
        seen = look(leader.pid)
    assert seen is not None
    started = Started(
        pid=leader.pid,
        start_ticks=seen.start_ticks,
        boot_id=linux.boot_id(),
        shim_pid=1,
        shim_start_ticks=0,
        started_at=0.0,
    )
    left, elsewhere = (int((tmp_path / name).read_text()) for name in ("left", "elsewhere"))
    later = dataclasses.replace(started, start_ticks=2**60)
    assert kill_leftovers(tmp_path / "other", started) == []
    assert kill_leftovers(tmp_path, later) == []
    assert kill_leftovers(tmp_path, started) == [left]
    assert is_alive(elsewhere)
    os.kill(elsewhere, signal.SIGKILL)


def test_leftovers_that_left_session_and_directory_are_told_by_their_environment(
    tmp_path: Path, an_attempt: MakeAttempt
) -> None:
    variables = {"PATH": os.defpath, "JOBORCH_WORKDIR": str(tmp_path / "attempt-0" / "work")}
    script = "cd /; setsid bash -c 'echo $$ > $0/gone; touch $0/ready; exec sleep 60' $OLDPWD"
    attempt = an_attempt(f"({script} > /dev/null 2>&1) & wait", env=variables)
    lose_supervisor(attempt)
    gone = attempt.number_in("gone")
    assert kill_leftovers(attempt.directory, attempt.started, boot_id=ANOTHER_BOOT) == []
    assert is_alive(gone)
    assert gone in kill_leftovers(attempt.directory, attempt.started)
    wait_until(lambda: not is_alive(gone))


@pytest.mark.parametrize(
    "variable", ["JOBORCH_WORKDIR={}/8-1/work", "JOBORCH_WORKDIR={}/7-1/work2", "PWD={}/7-1/work"]
)
def test_who_belongs_to_another_attempt_is_not_killed(tmp_path: Path, variable: str) -> None:
    name, _, value = variable.format(tmp_path).partition("=")
    with subprocess.Popen(["sleep", "60"], env={name: value}) as other:
        assert kill_leftovers(tmp_path / "7-1", NOBODY) == []
        assert other.poll() is None
        other.kill()


def test_who_kills_leftovers_spares_itself(tmp_path: Path) -> None:
    """Be it that a job does so: a test of joborch, say."""
    script = (
        "from pathlib import Path; from joborch.agent.runner import phases, records\n"
        f"assert phases.kill_leftovers(Path({str(tmp_path)!r}), records.{NOBODY!r}) == []"
    )
    own = {"JOBORCH_WORKDIR": str(tmp_path / "work")}
    subprocess.run([sys.executable, "-c", script], env=own, check=True)


def test_a_forbidden_attempt_can_never_start(tmp_path: Path) -> None:
    assert forbid(tmp_path)
    assert records.has_started(tmp_path)
    assert not forbid(tmp_path)
