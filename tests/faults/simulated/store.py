"""The server's parts on one thread: the real ones, but for the thread of the database's writer.

Groups are committed by the real writer's own code, in a task. What it costs to flush depends on
where the data is: on a file system in memory, nothing.
"""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Dialect

from joborch.domain.errors import StoreFailedError
from joborch.process.loop import Loop
from joborch.server.assembly import _recover
from joborch.server.blobs import Blobs
from joborch.server.live.catalog import Catalog
from joborch.server.live.feed import Feed
from joborch.server.live.presence import Roll
from joborch.server.live.recent import Recent
from joborch.server.live.snapshots import Snapshots
from joborch.server.live.taps import Taps
from joborch.server.parts import Parts
from joborch.server.roster import loops
from joborch.server.settings import ServerSettings, load_settings
from joborch.server.store.database import Database, Transaction, _Work
from joborch.wire.events import EventView
from tests.faults.simulated.processes import lag_s
from tests.support.bench import _empty_database
from tests.support.builders import FrozenClock

T = TypeVar("T")

_COMPILED: dict[Any, Any] = {}
"""Statements, compiled once for all databases of this process, which speak one dialect."""
_DIALECTS: list[Dialect] = []


class OneThreadDatabase(Database):
    """The real database, whose groups are committed on the event loop.

    ``breaks`` has the disk fail at the next commit, ``before`` or ``after`` it is durable.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_commit: Callable[[list[EventView]], None],
        on_failure: Callable[[], None],
    ) -> None:
        super().__init__(path, on_commit=on_commit, on_failure=on_failure)
        self.breaks = ""
        self.commits = 0
        self._group: list[_Work[Any]] = []
        self._writing: asyncio.Task[None] | None = None
        for engine in (self._writer, self._reader):
            _DIALECTS.append(engine.dialect)
            engine.dialect = _DIALECTS[0]
            engine.update_execution_options(compiled_cache=_COMPILED)
        del _DIALECTS[1:]

    async def write(self, work: Callable[[Transaction], T]) -> T:
        if self.has_failed:
            raise StoreFailedError("the database failed; the server is stopping")
        done: asyncio.Future[T] = self._loop.create_future()
        self._group.append(_Work(work, done))
        if self._writing is None:
            self._writing = self._loop.create_task(self._work_off(), name="writer")
        return await done

    def let_go(self) -> None:
        """Close the files, as the kernel does for a process that was killed."""
        self._reader.dispose()
        self._writer.dispose()

    def _write_groups(self) -> None:
        """No thread: its work is done by a task."""

    async def _work_off(self) -> None:
        while self._group:
            await asyncio.sleep(lag_s())
            group, self._group = self._group, []
            try:
                recorded = self._commit(group)
            except OSError:
                self.has_failed = True
                self._fail(group)
            else:
                await asyncio.sleep(lag_s())
                self._deliver(group, recorded)
        self._writing = None

    def _commit(self, group: list[_Work[Any]]) -> list[EventView]:
        if self.has_failed or self.breaks == "before":
            raise OSError(errno.EIO, "the disk failed")
        recorded = super()._commit(group)
        self.commits += 1
        if self.breaks:
            raise OSError(errno.EIO, "the disk failed")
        return recorded


def memory() -> Path | None:
    """Return where files are kept in memory, if this machine has such a place."""
    place = Path("/dev/shm")
    return place if os.access(place, os.W_OK) else None


def settings_for(data: Path, *services: str, **flags: str) -> ServerSettings:
    """Load a server's settings, and make its data directory with an empty database."""
    given = {"data": str(data), "service": list(services), "reserve": "1"}
    loaded = load_settings(given | flags, {}, None)
    data.mkdir(parents=True, exist_ok=True)
    if not loaded.db_path.exists():
        loaded.db_path.write_bytes(_empty_database())
    return loaded


@asynccontextmanager
async def one_thread(
    settings: ServerSettings, *, clock: FrozenClock
) -> AsyncIterator[tuple[Parts, dict[str, Loop]]]:
    """Put the parts together and recover, as ``server.assembly`` does; close them in the end."""
    feed, stopping = Feed(), asyncio.Event()
    running: dict[str, Loop] = {}
    database = OneThreadDatabase(settings.db_path, on_commit=feed.publish, on_failure=stopping.set)
    parts = Parts(
        settings=settings,
        clock=clock,
        database=database,
        blobs=Blobs(settings.data, reserve_bytes=settings.reserve),
        catalog=Catalog(settings.services),
        roll=Roll(began=clock.monotonic()),
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
