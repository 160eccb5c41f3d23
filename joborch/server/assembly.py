"""Builds the server's parts over its data, and brings what an earlier process left in line."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from joborch.process.clock import Clock
from joborch.process.loop import Loop
from joborch.server.blobs import Blobs
from joborch.server.live.catalog import Catalog
from joborch.server.live.feed import Feed
from joborch.server.live.presence import Roll
from joborch.server.live.recent import Recent
from joborch.server.live.snapshots import Snapshots
from joborch.server.live.taps import Taps
from joborch.server.parts import Parts
from joborch.server.roster import loops
from joborch.server.settings import ServerSettings
from joborch.server.store import agents, jobs, submissions, usage
from joborch.server.store.database import Database

logger = logging.getLogger(__name__)

MOST_NAMED = 10
"""So many of the archives that no job tells of are named in the log."""


@asynccontextmanager
async def assembled(
    settings: ServerSettings, *, clock: Clock | None = None
) -> AsyncIterator[tuple[Parts, dict[str, Loop]]]:
    """Build the parts over a prepared database, mended and swept; close them in the end.

    The loops are made but do not run.
    """
    clock = clock or Clock()
    feed, stopping = Feed(), asyncio.Event()
    roll = Roll(began=clock.monotonic())
    running: dict[str, Loop] = {}
    database = Database(settings.db_path, on_commit=feed.publish, on_failure=stopping.set)
    parts = Parts(
        settings=settings,
        clock=clock,
        database=database,
        blobs=Blobs(
            settings.data,
            reserve_bytes=settings.reserve,
            database=settings.db_path.parent,
            on_failure=stopping.set,
        ),
        catalog=Catalog(settings.services),
        roll=roll,
        feed=feed,
        taps=Taps(),
        snapshots=Snapshots(),
        statistics=Recent(clock),
        wake=lambda: running["dispatch"].wake(),  # noqa: PLW0108 - the loop is made of these parts
        stopping=stopping,
        started_at=clock.now(),
    )
    try:
        await _recover(parts)
        running |= loops(parts)
        yield parts, running
    finally:
        await database.close()


async def _recover(parts: Parts) -> None:
    """Bring counters, files and memory in line with the jobs on disk."""
    wrong = await parts.database.write(usage.recount)
    if wrong:
        logger.warning("counters were wrong and have been mended", extra={"counters": wrong})
    await _sweep(parts)
    every = await parts.database.read(agents.every)
    holders = {row[0] for row in await parts.database.read(jobs.held)}
    for agent in every:
        parts.catalog.discover(agent.services)
        if agent.id in holders:
            parts.roll.expect(agent, parts.clock.monotonic())


async def _sweep(parts: Parts) -> None:
    """Remove files that nobody needs; results are kept that only a spoilt record can disown."""
    payload_ids = await parts.database.read(submissions.payload_ids)
    unfinished, kept = await parts.database.read(jobs.attempts_with_files)
    silent = await parts.database.read(jobs.attempts_that_tell_of_no_results)
    disowned = await asyncio.to_thread(parts.blobs.with_results, silent)
    if disowned:
        hint = "joborch check says of which"
        extra = {"results": disowned[:MOST_NAMED], "count": len(disowned), "hint": hint}
        logger.warning("results are here that no job tells of", extra=extra)
    kept |= {name.removesuffix(".zip") for name in disowned}
    orphans = await asyncio.to_thread(parts.blobs.sweep, payload_ids, unfinished, kept)
    if orphans:
        logger.info("unfinished uploads removed", extra={"count": orphans})
