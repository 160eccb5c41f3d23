"""Real agents with real processes, whose server is a script."""

import asyncio
import contextlib
import io
import os
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joborch.agent.agent import Agent
from joborch.agent.backends.local import LocalBackend
from joborch.agent.departure import Departure
from joborch.agent.runner import control, phases
from joborch.agent.settings import AgentSettings, load_settings
from joborch.agent.spool import Spool
from joborch.domain.errors import JoborchError
from joborch.process.clock import Clock
from joborch.wire.agents import Report
from tests.support.agent_link import ScriptedLink
from tests.support.waiting import wait_until

ENV = {"PATH": os.defpath, "HOME": "/nonexistent"}


@dataclass(slots=True, kw_only=True)
class ServingAgent:
    """An agent that runs in a task of the test."""

    departure: Departure
    spool: Spool
    task: "asyncio.Task[None]"
    said: list[str] = field(default_factory=list)

    @property
    def folders(self) -> list[str]:
        return sorted(path.name for path in (self.spool.lease_path.parent / "attempts").iterdir())

    def folder(self, job_id: int, attempt: int = 1) -> Path:
        return self.spool.folder_for(job_id, attempt)


def settings_for(work_dir: Path, **flags: Any) -> AgentSettings:
    given = {"service": "example:4", "name": "tester", "work_dir": work_dir, **flags}
    return load_settings(flags=given, env=ENV)


@asynccontextmanager
async def serving(
    link: ScriptedLink, work_dir: Path, *, clock: Clock | None = None, **flags: Any
) -> AsyncIterator[ServingAgent]:
    """Run an agent; at the end it leaves as after SIGTERM, and its jobs go on."""
    settings = settings_for(work_dir, **flags)
    clock = clock or Clock()
    spool = Spool(work_dir, clock=clock, keep_s=settings.keep)
    backend = LocalBackend(log=work_dir / "launcher.log")
    departure, said = Departure(), list[str]()
    agent = Agent(
        settings,
        link=link,
        spool=spool,
        backend=backend,
        clock=clock,
        departure=departure,
        say=said.append,
    )
    task = asyncio.create_task(agent.serve(), name="agent")
    try:
        yield ServingAgent(departure=departure, spool=spool, task=task, said=said)
    finally:
        departure.leave.set()
        await asyncio.wait({task})
        await backend.close()
        spool.close()
        failure = None if task.cancelled() else task.exception()
        if failure and not isinstance(failure, JoborchError):
            raise failure


@asynccontextmanager
async def killed(link: ScriptedLink, work_dir: Path) -> AsyncIterator[ServingAgent]:
    """Run an agent that ends as if by SIGKILL: it says and tidies up nothing."""
    async with serving(link, work_dir) as agent:
        try:
            yield agent
        finally:
            agent.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await agent.task


def end_all_attempts(work_dir: Path) -> None:
    """End what a test left running in an agent's directory."""
    for lock in work_dir.rglob("lock"):
        phase = phases.inspect(lock.parent)
        if isinstance(phase, phases.Running):
            control.cancel(lock.parent, phase.shim_pid, 0)
            _wait_free(lock.parent)
        elif isinstance(phase, phases.SupervisorLost):
            phases.kill_leftovers(lock.parent, phase.started)


def _wait_free(folder: Path) -> None:
    wait_until(lambda: not phases.is_locked(folder))


def contents(archive: bytes | None) -> dict[str, str]:
    """Unpack a ZIP of text files."""
    assert archive is not None
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def results_of(report: Report) -> dict[str, str]:
    assert report.results is not None
    return contents(report.results.data)
