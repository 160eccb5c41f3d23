"""Serving an original's servers: an agent of its own that works for a desk in this process."""

import asyncio
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from socket import socket

from joborch.agent.agent import Agent
from joborch.agent.backends.base import Backend
from joborch.agent.departure import Departure
from joborch.agent.load import HostLoad
from joborch.agent.seed_api.app import Parts, create_app
from joborch.agent.seed_api.book import Book
from joborch.agent.seed_api.desk import ACCOUNT, Desk
from joborch.agent.seed_api.partials import Partials
from joborch.agent.seed_api.shelf import Shelf
from joborch.agent.settings import AgentSettings
from joborch.agent.spool import Spool
from joborch.process.clock import Clock
from joborch.process.loop import Loop
from joborch.web import engine

logger = logging.getLogger(__name__)

CLEAN_S = 60.0
RESERVE_BYTES = 1024**3
"""With less room on the disk, or a twentieth of it, no more jobs are taken over."""
MOST_UPLOAD = 64 * 1024**3
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
FOLDER = "listener"
"""Below the agent's directory; what arrives here is kept apart from the joborch server's jobs."""


async def serve(
    settings: AgentSettings,
    *,
    listener: socket,
    spool: Spool,
    backend: Backend,
    clock: Clock,
    departure: Departure,
    say: Callable[[str], None],
) -> None:
    """Answer servers of the original and run their jobs until asked to end.

    What was taken over and has not run by then is run by the next process in this directory.
    """
    book = Book(Shelf(settings.work_dir / FOLDER), clock=clock)
    partials = Partials(book.shelf)
    desk = Desk(book, partials)
    parts = Parts(
        book=book,
        desk=desk,
        partials=partials,
        load=HostLoad(clock=clock).now,
        has_room=lambda: _has_room(settings),
        max_upload=MOST_UPLOAD,
    )
    ended = asyncio.Event()
    agent = Agent(
        _own(settings),
        link=desk,
        spool=spool,
        backend=backend,
        clock=clock,
        departure=departure,
        say=say,
    )
    cleaning = Loop("clean", lambda: _clean(book, settings.listen_max_age))
    async with asyncio.TaskGroup() as group:
        serving = engine.serve(
            create_app(parts), listener=listener, stopping=ended, takes_signals=False
        )
        group.create_task(serving, name="listener")
        group.create_task(cleaning.run(), name="clean")
        try:
            await agent.serve()
        finally:
            cleaning.stop()
            ended.set()


def banner(settings: AgentSettings, url: str) -> str:
    """Describe the listener for the person who starts it; ``url`` is its address."""
    slots = "1 slot" if settings.listen_slots == 1 else f"{settings.listen_slots} slots"
    lines = [f"agent {settings.name} listens at {url} · {slots} · {settings.work_dir / FOLDER}"]
    if settings.listen is not None and settings.listen[0] not in _LOOPBACK:
        lines.append("warning: anybody who reaches this address can run programs on this host")
    return "\n".join(lines)


def _own(settings: AgentSettings) -> AgentSettings:
    """Return the settings of the agent behind the listener."""
    slots = settings.listen_slots
    return replace(settings, server="listener", service={ACCOUNT: slots}, slots=slots)


async def _clean(book: Book, max_age_s: float) -> float:
    await book.clean(max_age_s=max_age_s)
    return CLEAN_S


def _has_room(settings: AgentSettings) -> bool:
    usage = shutil.disk_usage(settings.work_dir)
    return usage.free >= min(RESERVE_BYTES, usage.total // 20)
