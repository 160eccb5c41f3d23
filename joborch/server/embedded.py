"""The agent that ``joborch serve --agent`` runs as a child process, so that one command is enough.

It is an ordinary agent. If it dies it is started again; its jobs were not disturbed.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

RESTART_S = 2.0
LEAVE_S = 10.0


async def run_agent(
    *, url: str, services: Iterable[str], work_dir: Path, stopping: asyncio.Event
) -> None:
    """Keep an agent running until ``stopping``; then it leaves, and its jobs go on without it."""
    command = [sys.executable, "-m", "joborch.cli.main", "agent", "--server", url]
    command += ["--work-dir", str(work_dir)]
    for service in services:
        command += ["--service", service]
    while not stopping.is_set():
        agent = await asyncio.create_subprocess_exec(*command, start_new_session=True)
        await _until(agent, stopping)
        if not stopping.is_set():
            logger.error("embedded agent ended", extra={"status": agent.returncode})
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), RESTART_S)


async def _until(agent: asyncio.subprocess.Process, stopping: asyncio.Event) -> None:
    """Wait for the agent's end; have it leave when the server stops."""
    ended = asyncio.create_task(agent.wait(), name="agent-end")
    stop = asyncio.create_task(stopping.wait(), name="agent-stop")
    await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not ended.done():
        agent.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(ended), LEAVE_S)
    if not ended.done():
        agent.kill()
    await ended
