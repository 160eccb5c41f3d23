"""Attempts for the tests of the runner: real directories, real processes."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joborch.agent.runner import phases, records
from joborch.agent.runner.control import Launcher, wait_ended
from joborch.agent.runner.phases import Finished, Running, SupervisorLost, inspect
from joborch.agent.runner.processes import look
from joborch.agent.runner.records import Ended, Spec, Started
from tests.support.waiting import wait_until

PATH = os.defpath


@dataclass(frozen=True, slots=True)
class Attempt:
    """A directory with a job in it, and what the test wants to know of it."""

    directory: Path

    @property
    def work(self) -> Path:
        return self.directory / "work"

    @property
    def started(self) -> Started:
        started = records.read_started(self.directory)
        assert started is not None
        return started

    @property
    def ended(self) -> Ended:
        phase = inspect(self.directory)
        assert isinstance(phase, Finished), phase
        return phase.ended

    @property
    def shim_pid(self) -> int:
        phase = inspect(self.directory)
        assert isinstance(phase, Running), phase
        return phase.shim_pid

    @property
    def lost(self) -> SupervisorLost:
        phase = inspect(self.directory)
        assert isinstance(phase, SupervisorLost), phase
        return phase

    def output(self) -> str:
        return (self.directory / records.STDOUT).read_text()

    def number_in(self, name: str) -> int:
        """Waits until the job has written a number, such as a pid, to a file, and reads it."""
        path = self.work / name
        return int(
            wait_until(
                lambda: path.read_text().strip() if path.exists() else None,
                describe=lambda: list(self.work.iterdir()),
            )
        )

    def wait_free(self) -> None:
        """Waits until no supervisor is alive."""
        wait_until(
            lambda: not phases.is_locked(self.directory), describe=lambda: inspect(self.directory)
        )

    async def run(self) -> Ended:
        """Starts it with a launcher of its own and waits for its end."""
        launcher = Launcher(log=self.directory / "launcher.log")
        pid = await launcher.start(self.directory)
        await wait_ended(self.directory, pid)
        await launcher.close()
        return self.ended


MakeAttempt = Callable[..., Attempt]


def make_attempt(directory: Path, script: str = "true", **spec: Any) -> Attempt:
    (directory / records.WORK).mkdir(parents=True)
    (directory / records.WORK / "run.sh").write_text(script)
    records.write_spec(directory, Spec(**{"env": {"PATH": PATH}, **spec}))
    return Attempt(directory)


def run(attempt: Attempt) -> Ended:
    return asyncio.run(attempt.run())


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is not only waiting to be reaped."""
    process = look(pid)
    return process is not None and process.is_alive


def pids_in(directory: Path) -> list[int]:
    """The living processes that work in a directory."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            cwd = (entry / "cwd").readlink() if entry.name.isdigit() else Path("/")
        except OSError:
            continue
        if cwd.is_relative_to(directory):
            found.append(int(entry.name))
    return found
