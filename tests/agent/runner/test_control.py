"""Waiting and cancelling when the pid no longer means the supervisor."""

import asyncio
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from joborch.agent.runner import records
from joborch.agent.runner.control import Launcher, cancel, kill, shut_down, wait_ended
from tests.agent.runner.attempts import MakeAttempt, run


@pytest.fixture
def bystander() -> Iterator[int]:
    """A process that got a pid which once was a shim's."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


def test_a_recycled_pid_is_not_waited_for(an_attempt: MakeAttempt, bystander: int) -> None:
    attempt = an_attempt()
    run(attempt)
    asyncio.run(asyncio.wait_for(wait_ended(attempt.directory, bystander), 5))


def test_a_recycled_pid_is_not_signalled(an_attempt: MakeAttempt, bystander: int) -> None:
    attempt = an_attempt()
    run(attempt)
    assert not cancel(attempt.directory, bystander)
    assert not shut_down(attempt.directory, bystander)
    assert not kill(attempt.directory, bystander)
    os.kill(bystander, 0)
    assert not (attempt.directory / records.CANCEL).exists()


def test_a_pid_that_is_free_needs_no_waiting(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt()
    run(attempt)
    asyncio.run(wait_ended(attempt.directory, attempt.started.shim_pid))
    assert not cancel(attempt.directory, attempt.started.shim_pid)


def test_waiting_can_be_given_up_and_begun_again(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("sleep 60")

    async def scenario() -> None:
        launcher = Launcher()
        pid = await launcher.start(attempt.directory)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait_ended(attempt.directory, pid), 0.02)
        cancel(attempt.directory, pid, 0)
        await asyncio.gather(*(wait_ended(attempt.directory, pid) for _ in range(3)))
        await launcher.close()

    asyncio.run(scenario())
    assert attempt.ended.signal == signal.SIGKILL


def test_looking_whether_it_is_locked_does_not_hinder_a_start(an_attempt: MakeAttempt) -> None:
    another, attempt = an_attempt(), an_attempt("exit 2")
    lock = os.open(attempt.directory / records.LOCK, os.O_RDONLY | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_SH)

    async def scenario() -> None:
        launcher = Launcher()
        await launcher.start(another.directory)
        start = asyncio.create_task(launcher.start(attempt.directory))
        # The shim asks for the lock again and again for 50 ms.
        asyncio.get_running_loop().call_later(0.015, os.close, lock)
        await wait_ended(attempt.directory, await start)
        await launcher.close()

    asyncio.run(scenario())
    assert attempt.ended.exit_code == 2
