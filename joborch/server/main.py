"""Runs the server as a process: settings, lock, socket, migration, loops, requests, the end."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from joborch.domain.errors import JoborchError
from joborch.domain.services import Service
from joborch.process import logs
from joborch.process.lock import directory_lock, file_lock
from joborch.process.loop import Loop
from joborch.server.assembly import assembled
from joborch.server.belonging import demand_own_files
from joborch.server.embedded import agents_for, run_agent
from joborch.server.parts import Parts
from joborch.server.reloading import Reloading
from joborch.server.settings import ServerSettings, load_settings, print_config
from joborch.server.store import schema
from joborch.web import engine

logger = logging.getLogger(__name__)

DEFAULT_SERVICE = "default"
"""What ``serve --agent`` offers when no service was named."""


def main(flags: dict[str, Any]) -> int:
    """Run ``joborch serve`` and return its exit status.

    Raises:
        SettingsError: naming every mistake; nothing was started.
        LockedError: another server uses the data directory or the database.
        StrangeDatabaseError: the database is new, but there are files of jobs.
        SchemaError: the database is damaged or of a newer version; it was left as it is.
    """
    path = Path(flags["config"]) if flags.get("config") else None
    read = partial(load_settings, flags, os.environ, path)
    settings = read()
    with_agent = bool(flags.get("agent"))
    if with_agent and not settings.services:
        settings = replace(settings, services=(Service(name=DEFAULT_SERVICE),))
    if flags.get("print_config"):
        sys.stdout.write(print_config(settings))
        return 0
    if flags.get("check"):
        return 0
    logs.set_up(style=settings.log_format, verbose=settings.verbose)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)  # what jobs are given is private
    listener = engine.listen(settings.host, settings.port)
    url = engine.url_of(listener)
    who = f"the server at {url}"
    with listener, directory_lock(settings.data / "server.lock", who):
        demand_own_files(settings.db_path, settings.data)
        with file_lock(settings.db_path, who):
            _prepare_while_loading(settings.db_path)
            return uvloop.run(_serve(settings, listener, url, read=read, with_agent=with_agent))


def _prepare_while_loading(path: Path) -> None:
    """Bring the database in order, and load meanwhile what answers requests.

    With a large database each takes some tenths of a second, the one of them outside Python.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="prepare") as thread:
        prepared = thread.submit(schema.prepare, path)
        import joborch.server.app  # noqa: F401 - loading it is the purpose

        prepared.result()


async def _serve(
    settings: ServerSettings,
    listener: socket.socket,
    url: str,
    *,
    read: Callable[[], ServerSettings],
    with_agent: bool,
) -> int:
    async with assembled(settings) as (parts, running):
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, parts.stopping.set)
        reloading = Reloading(read, catalog=parts.catalog, wake=parts.wake, stopping=parts.stopping)
        loop.add_signal_handler(signal.SIGHUP, reloading)
        _say_hello(settings, url, with_agent=with_agent)
        async with asyncio.TaskGroup() as group:
            for name, one in running.items():
                group.create_task(_guard(one, parts), name=name)
            group.create_task(_stop_all(parts, running), name="stop")
            for options in agents_for(settings, with_local=with_agent):
                agent = run_agent(options, url=url, stopping=parts.stopping)
                group.create_task(agent, name="agent")
            from joborch.server.app import create_app

            app = create_app(parts)
            await engine.serve(app, listener=listener, stopping=parts.stopping)
            parts.stopping.set()
        logger.info("server stopped")
        return 1 if parts.database.has_failed or parts.blobs.has_failed else 0


async def _guard(loop: Loop, parts: Parts) -> None:
    """Run a loop; one that cannot go on ends the server, which then says so by its status."""
    try:
        await loop.run()
    except JoborchError:
        logger.exception("loop ended", extra={"loop": loop.name})
        parts.stopping.set()


async def _stop_all(parts: Parts, running: dict[str, Loop]) -> None:
    """Once the server stops, let loops, streams and held polls finish."""
    await parts.stopping.wait()
    for loop in running.values():
        loop.stop()
    parts.feed.publish([])
    for present in parts.roll.every():
        present.leave()


def _say_hello(settings: ServerSettings, url: str, *, with_agent: bool) -> None:
    """Tell the operator what runs where, and what to do next."""
    names = [_quota(service) for service in settings.services]
    page = "" if settings.no_swagger else f"  (API: {url}/swagger-ui/)"
    lines = [
        f"joborch serves at {url}{page}",
        f"  data      {settings.data.resolve()}",
        f"  services  {', '.join(names) or 'those that agents offer'}",
    ]
    if settings.host not in {"127.0.0.1", "localhost", "::1"}:
        lines.append("  warning   anybody who reaches this address can submit and cancel jobs")
    if not with_agent:
        service = settings.services[0].name if settings.services else "example"
        lines.append(f"  next      joborch agent --server {url} --service {service}:4")
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


def _quota(service: Service) -> str:
    total = service.limits.total
    return (
        f"{service.name} ({service.limits.per_user} a user{f', {total} in all' if total else ''})"
    )
