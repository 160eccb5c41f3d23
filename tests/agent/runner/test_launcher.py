"""Agents and launchers come and go; attempts do not notice."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from joborch.agent.runner.connection import LauncherGoneError, StartRefusedError
from joborch.agent.runner.control import Launcher, wait_ended
from joborch.agent.runner.phases import Fresh, inspect
from joborch.agent.runner.processes import look
from joborch.agent.runner.records import Cause
from joborch.agent.runner.shim import EXIT_ALREADY_STARTED, EXIT_LOCKED
from tests.agent.runner.attempts import Attempt, MakeAttempt, is_alive, pids_in
from tests.support.waiting import async_wait_until, wait_until

UNTIL_GO = "touch ready; until [ -e go ]; do sleep 0.01; done; exit 5"
AGENT = """
import asyncio, sys, pathlib
from joborch.agent.runner.control import Launcher
async def main():
    await Launcher().start(pathlib.Path(sys.argv[1]))
    await asyncio.Event().wait()
asyncio.run(main())
"""


def launcher_of(shim_pid: int) -> int:
    shim = look(shim_pid)
    assert shim is not None
    return shim.parent


def let_go(attempt: Attempt) -> None:
    (attempt.work / "go").touch()
    attempt.wait_free()


def test_an_attempt_outlives_its_agent_and_is_adopted(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(UNTIL_GO)
    with subprocess.Popen([sys.executable, "-c", AGENT, str(attempt.directory)]) as agent:
        wait_until((attempt.work / "ready").exists)
        agent.kill()
    launcher = launcher_of(attempt.shim_pid)

    async def adopt() -> None:
        ended = asyncio.create_task(wait_ended(attempt.directory, attempt.shim_pid))
        await asyncio.sleep(0)
        (attempt.work / "go").touch()
        await ended

    asyncio.run(adopt())
    assert (attempt.ended.cause, attempt.ended.exit_code) == (Cause.EXITED, 5)
    wait_until(lambda: not is_alive(launcher))


def test_an_attempt_outlives_its_launcher(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(UNTIL_GO)

    async def scenario() -> None:
        launcher = Launcher()
        pid = await launcher.start(attempt.directory)
        os.kill(launcher_of(pid), signal.SIGKILL)
        (attempt.work / "go").touch()
        await wait_ended(attempt.directory, pid)
        await launcher.close()

    asyncio.run(scenario())
    assert (attempt.ended.cause, attempt.ended.exit_code) == (Cause.EXITED, 5)


def test_a_launcher_that_died_is_started_again(an_attempt: MakeAttempt) -> None:
    first, second = an_attempt(UNTIL_GO), an_attempt("exit 8")

    async def scenario() -> None:
        launcher = Launcher()
        launcher_pid = launcher_of(await launcher.start(first.directory))
        # Stopped, it takes the request, and then dies without an answer.
        os.kill(launcher_pid, signal.SIGSTOP)
        start = asyncio.create_task(launcher.start(second.directory))
        await asyncio.sleep(0)
        os.kill(launcher_pid, signal.SIGKILL)
        await wait_ended(second.directory, await start)
        await launcher.close()

    asyncio.run(scenario())
    let_go(first)
    assert (first.ended.exit_code, second.ended.exit_code) == (5, 8)


def test_a_launcher_that_was_stopped_is_killed_and_started_again(an_attempt: MakeAttempt) -> None:
    first, second = an_attempt(UNTIL_GO), an_attempt("exit 8")

    async def scenario() -> int:
        launcher = Launcher(answer_s=0.5)
        stopped = launcher_of(await launcher.start(first.directory))
        os.kill(stopped, signal.SIGSTOP)
        await wait_ended(second.directory, await launcher.start(second.directory))
        await launcher.close()
        return stopped

    stopped = asyncio.run(scenario())
    wait_until(lambda: not is_alive(stopped))
    let_go(first)
    assert (first.ended.exit_code, second.ended.exit_code) == (5, 8)


def test_a_start_that_was_not_answered_is_not_repeated(an_attempt: MakeAttempt) -> None:
    first, second = an_attempt(UNTIL_GO), an_attempt("echo ran >> ../runs; " + UNTIL_GO)

    async def scenario() -> tuple[int, int]:
        launcher, other = Launcher(answer_s=0.5), Launcher()
        os.kill(launcher_of(await launcher.start(first.directory)), signal.SIGSTOP)
        started = await other.start(second.directory)
        found = await launcher.start(second.directory)
        await launcher.close()
        await other.close()
        return started, found

    started, found = asyncio.run(scenario())
    let_go(first)
    let_go(second)
    assert started == found
    assert (second.directory / "runs").read_text() == "ran\n"


def test_a_stopped_launcher_ends_with_its_agent_and_leaves_no_descriptor(
    an_attempt: MakeAttempt,
) -> None:
    attempts = [an_attempt("sleep 0.2") for _ in range(2)]

    async def scenario() -> list[int]:
        launcher, stopped = Launcher(answer_s=0.5), []
        for attempt in attempts:
            stopped.append(launcher_of(await launcher.start(attempt.directory)))
            os.kill(stopped[-1], signal.SIGSTOP)
        await launcher.close()
        return stopped

    before = len([*Path("/proc/self/fd").iterdir()])
    stopped = asyncio.run(scenario())
    assert len([*Path("/proc/self/fd").iterdir()]) == before
    wait_until(lambda: not any(map(is_alive, stopped)))


def test_the_signals_of_a_terminal_change_nothing(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(UNTIL_GO)

    async def scenario() -> None:
        launcher = Launcher()
        pid = await launcher.start(attempt.directory)
        for process in (pid, launcher_of(pid)):
            assert os.getsid(process) == process
            os.kill(process, signal.SIGINT)
            os.kill(process, signal.SIGHUP)
            os.kill(process, signal.SIGQUIT)
        os.kill(launcher_of(pid), signal.SIGTERM)
        (attempt.work / "go").touch()
        await wait_ended(attempt.directory, pid)
        await launcher.close()

    asyncio.run(scenario())
    assert (attempt.ended.cause, attempt.ended.exit_code) == (Cause.EXITED, 5)


def test_an_attempt_is_started_once(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("echo ran >> ../runs; " + UNTIL_GO)

    async def scenario() -> list[int | None]:
        launcher, other = Launcher(), Launcher()
        refusals = []
        pid = await launcher.start(attempt.directory)
        for each in (launcher, other):
            with pytest.raises(StartRefusedError, match="has a supervisor") as refused:
                await each.start(attempt.directory)
            refusals.append(refused.value.status)
        (attempt.work / "go").touch()
        await wait_ended(attempt.directory, pid)
        with pytest.raises(StartRefusedError, match="started before") as refused:
            await launcher.start(attempt.directory)
        await launcher.close()
        await other.close()
        return [*refusals, refused.value.status]

    assert asyncio.run(scenario()) == [EXIT_LOCKED, EXIT_LOCKED, EXIT_ALREADY_STARTED]
    assert (attempt.directory / "runs").read_text() == "ran\n"


def test_many_attempts_at_once(an_attempt: MakeAttempt) -> None:
    attempts = [an_attempt(f"exit {number}") for number in range(40)]

    async def scenario() -> None:
        launcher = Launcher()

        async def see_through(attempt: Attempt) -> None:
            await wait_ended(attempt.directory, await launcher.start(attempt.directory))

        await asyncio.gather(*map(see_through, attempts))
        await launcher.close()

    asyncio.run(scenario())
    assert [attempt.ended.exit_code for attempt in attempts] == list(range(40))


def test_an_attempt_without_a_directory_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        launcher = Launcher()
        with pytest.raises(StartRefusedError, match="status 1"):
            await launcher.start(tmp_path / "nowhere")
        await launcher.close()

    asyncio.run(scenario())


def test_starts_fail_once_the_launcher_is_closed(an_attempt: MakeAttempt) -> None:
    first, second, third = an_attempt(UNTIL_GO), an_attempt(), an_attempt()

    async def scenario() -> None:
        launcher = Launcher()
        pid = await launcher.start(first.directory)
        os.kill(launcher_of(pid), signal.SIGSTOP)
        in_flight = asyncio.create_task(launcher.start(second.directory))
        await asyncio.sleep(0)
        await launcher.close()
        await launcher.close()
        os.kill(launcher_of(pid), signal.SIGCONT)
        for start in (in_flight, launcher.start(third.directory)):
            with pytest.raises(LauncherGoneError):
                await start
        (first.work / "go").touch()
        await wait_ended(first.directory, pid)

    asyncio.run(scenario())
    assert inspect(third.directory) == Fresh()


def test_a_launcher_kills_what_a_killed_shim_left(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("(setsid sleep 60 &); sleep 60 & touch ready; wait")

    async def scenario() -> None:
        launcher = Launcher()
        pid = await launcher.start(attempt.directory)
        await async_wait_until((attempt.work / "ready").exists)
        os.kill(pid, signal.SIGKILL)
        await wait_ended(attempt.directory, pid)
        await async_wait_until(
            lambda: not pids_in(attempt.directory), describe=lambda: pids_in(attempt.directory)
        )
        await launcher.close()

    asyncio.run(scenario())
    assert attempt.lost.started == attempt.started
