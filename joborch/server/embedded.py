"""The agents that ``joborch serve`` runs as child processes, so that one command is enough.

One runs jobs on this host if that was asked for; one bridges to each client of the original that
the settings name. They are ordinary agents. One that dies is started again; no job was disturbed.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from joborch.domain.services import Service
from joborch.server.service_settings import SeedClient
from joborch.server.settings import ServerSettings

logger = logging.getLogger(__name__)

RESTART_S = 2.0
LEAVE_S = 10.0
BRIDGE_SLOTS = 100
"""Jobs at a time that a client of the original is given where its service has no limit."""


def agents_for(settings: ServerSettings, *, with_local: bool) -> Iterator[tuple[str, ...]]:
    """Yield the options of each agent that belongs to these settings."""
    clients = settings.seed_clients
    if with_local:
        own = [service.name for service in settings.services if service.name not in clients]
        offers = [option for name in own for option in ("--service", name)]
        yield ("--work-dir", str(settings.data / "agent"), *offers)
    for service in settings.services:
        if client := clients.get(service.name):
            yield _bridge(service, client, settings.data)


async def run_agent(options: Iterable[str], *, url: str, stopping: asyncio.Event) -> None:
    """Keep an agent running until ``stopping``; then it leaves, and its jobs go on without it."""
    command = [sys.executable, "-m", "joborch.cli.main", "agent", "--server", url, *options]
    # The pipe ends when this process does, however it dies: then the agent leaves as well, and the
    # next server's agent can take its place.
    command += ["--until-eof"]
    while not stopping.is_set():
        agent = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        await _until(agent, stopping)
        if not stopping.is_set():
            logger.error("embedded agent ended", extra={"status": agent.returncode})
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), RESTART_S)


def _bridge(service: Service, client: SeedClient, data: Path) -> tuple[str, ...]:
    urls = [client.upload_url, client.download_url, client.terminate_url]
    return (
        *("--backend", "seed", "--client", ",".join(url for url in urls if url)),
        *("--service", f"{service.name}:{service.limits.total or BRIDGE_SLOTS}"),
        *("--name", f"client-{service.name}", "--work-dir", str(data / f"client-{service.name}")),
    )


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
