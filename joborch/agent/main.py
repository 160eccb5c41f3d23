"""Composition root of ``joborch agent``: settings, logging, signals, and the parts put together."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joborch.agent.agent import Agent
from joborch.agent.backends.registry import make_backend
from joborch.agent.departure import Departure
from joborch.agent.settings import AgentSettings, load_settings
from joborch.agent.spool import Spool
from joborch.client.agent_link import AgentLink
from joborch.process import logs
from joborch.process.clock import Clock


def main(flags: dict[str, Any]) -> int:
    """Run an agent until it is asked to end; ``config`` among the flags is the settings file.

    SIGTERM: it ends in seconds and its jobs go on. SIGINT on a terminal: it ends after its jobs;
    a second one stops them, a third leaves them behind.

    Raises:
        SettingsError: nothing was started.
        AgentRunningError: another process has the directory.
        JoborchError: the server does not want the agent, or (SupersededError) no longer.
    """
    given = dict(flags)
    config = given.pop("config", None)
    settings = load_settings(flags=given, env=os.environ, file=Path(config) if config else None)
    logs.set_up(style=settings.log_format, verbose=settings.verbose)
    asyncio.run(_serve_with_signals(settings))
    return 0


async def serve_agent(
    settings: AgentSettings, *, stop: asyncio.Event, departure: Departure | None = None
) -> None:
    """Run an agent until ``stop`` is set, which it obeys in seconds, leaving its jobs running.

    ``departure`` offers politer ways to end it; its ``leave`` is not used.
    """
    going = departure or Departure()
    going = Departure(finish=going.finish, abandon=going.abandon, leave=stop)
    clock = Clock()
    spool = Spool(settings.work_dir, clock=clock, keep_s=settings.keep)
    backend = make_backend("local", settings.work_dir)
    try:
        async with AgentLink(settings.server) as link:
            agent = Agent(
                settings,
                link=link,
                spool=spool,
                backend=backend,
                clock=clock,
                departure=going,
                say=_say,
            )
            _say(banner(settings))
            await agent.serve()
    finally:
        await backend.close()
        spool.close()


def banner(settings: AgentSettings) -> str:
    """Describe the agent in one line, for the person who starts it."""
    services = ", ".join(f"{name}:{slots}" for name, slots in settings.service.items())
    slots = "1 slot" if settings.slots == 1 else f"{settings.slots} slots"
    labels = _pairs(settings.label)
    return (
        f"agent {settings.name} → {settings.server} · {services} · {slots}"
        + (f" · {labels}" if labels else "")
        + f" · {settings.work_dir}"
    )


async def _serve_with_signals(settings: AgentSettings) -> None:
    departure = Departure()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, departure.leave.set)
    interrupted = departure.next_step if sys.stdin.isatty() else departure.leave.set
    loop.add_signal_handler(signal.SIGINT, interrupted)
    await serve_agent(settings, stop=departure.leave, departure=departure)


def _pairs(labels: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in labels.items())


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
