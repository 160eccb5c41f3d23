"""Composition root of ``joborch agent``: settings, logging, signals, and the parts put together."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from joborch.agent.agent import Agent
from joborch.agent.backends.base import Backend
from joborch.agent.backends.registry import make_backend
from joborch.agent.departure import Departure
from joborch.agent.settings import AgentSettings, load_settings
from joborch.agent.spool import Spool
from joborch.agent.telling import attempts_told
from joborch.client.agent_link import AgentLink
from joborch.process import logs
from joborch.process.clock import Clock


def main(flags: dict[str, Any]) -> int:
    """Run an agent until it is asked to end; ``config`` among the flags is the settings file.

    SIGTERM: it ends in seconds and its jobs go on; with ``drain`` among the settings it ends after
    its jobs, and a second SIGTERM leaves them behind. SIGINT on a terminal: it ends after its jobs;
    a second one stops them, a third leaves them behind. SIGINT elsewhere is like SIGTERM. SIGUSR1:
    it says what it has, and goes on.

    Raises:
        SettingsError: nothing was started.
        LockedError: another process has the directory.
        AddressError: where it is to listen cannot be had.
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

    It works for its server, for servers of the original that call it, or for both at the same time.
    ``departure`` offers politer ways to end it; its ``leave`` is not used.
    """
    going = departure or Departure()
    going = Departure(finish=going.finish, abandon=going.abandon, leave=stop)
    works = [_pull] if settings.server else []
    works += [_listen] if settings.listen else []
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work(settings, going), name=work.__name__)
    except ExceptionGroup as failures:
        if len(failures.exceptions) > 1:
            raise
        raise failures.exceptions[0] from None


async def _pull(settings: AgentSettings, departure: Departure) -> None:
    """Work for the joborch server."""
    async with (
        _housed(settings, settings.work_dir) as (spool, backend, clock),
        AgentLink(settings.server) as link,
    ):
        agent = Agent(
            settings,
            link=link,
            spool=spool,
            backend=backend,
            clock=clock,
            departure=departure,
            say=_say,
        )
        _say(banner(settings))
        await agent.serve()


async def _listen(settings: AgentSettings, departure: Departure) -> None:
    """Work for servers of the original."""
    from joborch.agent.seed_api import listening
    from joborch.web import engine

    assert settings.listen is not None, "checked by the caller"  # noqa: S101 - a caller's bug
    with engine.listen(*settings.listen) as listener:
        home = settings.work_dir / listening.FOLDER / "agent"
        async with _housed(settings, home) as (spool, backend, clock):
            _say(listening.banner(settings, engine.url_of(listener)))
            await listening.serve(
                settings,
                listener=listener,
                spool=spool,
                backend=backend,
                clock=clock,
                departure=departure,
                say=_say,
            )


@asynccontextmanager
async def _housed(
    settings: AgentSettings, directory: Path
) -> AsyncIterator[tuple[Spool, Backend, Clock]]:
    """Hold a directory, with what runs jobs in there."""
    clock = Clock()
    spool = Spool(directory, clock=clock, keep_s=settings.keep)
    backend = make_backend(settings, directory)
    try:
        yield spool, backend, clock
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
    terminated = departure.finish_or_leave if settings.drain else departure.leave.set
    interrupted = departure.next_step if sys.stdin.isatty() else terminated
    loop.add_signal_handler(signal.SIGTERM, terminated)
    loop.add_signal_handler(signal.SIGUSR1, _tell_state, settings)
    if settings.until_eof:
        loop.add_reader(sys.stdin.fileno(), _leave_at_the_end, loop, departure)
    loop.add_signal_handler(signal.SIGINT, interrupted)
    await serve_agent(settings, stop=departure.leave, departure=departure)


def _tell_state(settings: AgentSettings) -> None:
    from joborch.agent.seed_api import listening

    _say(banner(settings) if settings.server else f"agent {settings.name}")
    homes = (settings.work_dir, settings.work_dir / listening.FOLDER / "agent")
    for line in attempts_told(*homes):
        _say(line)


def _leave_at_the_end(loop: asyncio.AbstractEventLoop, departure: Departure) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        loop.remove_reader(sys.stdin.fileno())
        departure.leave.set()


def _pairs(labels: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in labels.items())


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
