"""The database: one writer that commits in groups, readers beside it.

Every write is a function of a :class:`Transaction`. The writer's thread takes whatever functions
wait, runs each in a savepoint of one transaction and commits them together, so that durability
costs one flush a group. A function that raises undoes its own savepoint only. What was recorded
is told to the feed after the commit, never before.

SQLite runs in WAL mode with ``synchronous=FULL``. Only the writer's connection checkpoints:
before SQLite 3.51.3 several checkpointing connections could lose a commit.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, exc

from joborch.domain.errors import JoborchError, StoreFailedError
from joborch.wire.events import EventView

__all__ = ["Connection", "Database", "Transaction", "connect"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

LARGEST_GROUP = 256
READERS = 2


@dataclass(slots=True)
class Transaction:
    """What a write function gets: the connection, and the list of what it recorded."""

    connection: Connection
    recorded: list[EventView] = field(default_factory=list)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did, rows and records, if it raises."""
        recorded = len(self.recorded)
        self.connection.exec_driver_sql("SAVEPOINT one")
        try:
            yield
        except BaseException:
            self.connection.exec_driver_sql("ROLLBACK TO one")
            self.connection.exec_driver_sql("RELEASE one")
            del self.recorded[recorded:]
            raise
        self.connection.exec_driver_sql("RELEASE one")


@dataclass(slots=True)
class _Work(Generic[T]):
    run: Callable[[Transaction], T]
    done: "asyncio.Future[T]"
    result: T | None = None
    error: Exception | None = None


class Database:
    """Opens the database at ``path``, which must have the current schema.

    ``on_commit`` is called on the event loop with what each group recorded, in order;
    ``on_failure`` once, when a commit fails: nothing is written after that.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_commit: Callable[[list[EventView]], None] = lambda _: None,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.has_failed = False
        self._on_commit = on_commit
        self._on_failure = on_failure
        self._writer = connect(path)
        self._reader = connect(path, readers=READERS)
        self._waiting: queue.SimpleQueue[_Work[Any] | None] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="joborch-reader")
        self._thread = threading.Thread(target=self._write_groups, name="joborch-writer")
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in a transaction; when this returns, its changes are on disk.

        Raises:
            StoreFailedError: the commit failed; whether the change is on disk is unknown.
            Exception: whatever ``work`` raised; then nothing of it was stored.
        """
        if self.has_failed:
            raise StoreFailedError("the database failed; the server is stopping")
        done: asyncio.Future[T] = self._loop.create_future()
        self._waiting.put(_Work(work, done))
        return await done

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a read-only connection, on one consistent state of the database."""
        return await self._loop.run_in_executor(self._pool, self._read, work)

    async def close(self) -> None:
        """Finish the writes that wait, then close; the writer last, to leave no WAL behind."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)
        self._pool.shutdown()
        self._reader.dispose()
        self._writer.dispose()

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._reader.connect() as connection:
            return work(connection)

    def _write_groups(self) -> None:
        is_open = True
        while is_open:
            group, is_open = self._next_group()
            if not group:
                continue
            try:
                recorded = self._commit(group)
            except Exception:
                logger.exception("database failed")
                self.has_failed = True
                self._call(self._fail, group)
                continue
            self._call(self._deliver, group, recorded)

    def _next_group(self) -> tuple[list[_Work[Any]], bool]:
        group: list[_Work[Any]] = []
        item = self._waiting.get()
        while item is not None:
            group.append(item)
            if len(group) == LARGEST_GROUP or self._waiting.empty():
                return group, True
            item = self._waiting.get()
        return group, False

    def _commit(self, group: list[_Work[Any]]) -> list[EventView]:
        if self.has_failed:
            raise StoreFailedError("the database failed before")
        with self._writer.connect() as connection, connection.begin():
            transaction = Transaction(connection)
            for item in group:
                _run(item, transaction)
        return transaction.recorded

    def _call(self, function: Callable[..., None], *args: object) -> None:
        with suppress(RuntimeError):  # the event loop is gone, and all who waited with it
            self._loop.call_soon_threadsafe(function, *args)

    def _deliver(self, group: list[_Work[Any]], recorded: list[EventView]) -> None:
        if recorded:
            self._on_commit(recorded)
        for item in group:
            if item.done.cancelled():
                continue
            if item.error is not None:
                item.done.set_exception(item.error)
            else:
                item.done.set_result(item.result)

    def _fail(self, group: list[_Work[Any]]) -> None:
        for item in group:
            if not item.done.cancelled():
                item.done.set_exception(StoreFailedError("the database could not be written"))
        self._on_failure()


def connect(path: Path, *, readers: int = 0) -> Engine:
    """Make an engine for the database: the writer's one connection, or read-only ones."""
    engine = create_engine(
        f"sqlite:///{path}",
        pool_size=readers or 1,
        max_overflow=0,
        connect_args={"check_same_thread": False, "isolation_level": None, "timeout": 30},
    )

    @event.listens_for(engine, "connect")
    def _set_up(raw: Any, _record: object) -> None:
        for pragma in _pragmas(is_reader=bool(readers)):
            raw.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if readers else "BEGIN IMMEDIATE")

    return engine


def _pragmas(*, is_reader: bool) -> tuple[str, ...]:
    if is_reader:
        return ("query_only=ON", "wal_autocheckpoint=0", "cache_size=-16000")
    return (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-32000",
        "journal_size_limit=67108864",
    )


def _run(item: _Work[Any], transaction: Transaction) -> None:
    try:
        with transaction.savepoint():
            item.result = item.run(transaction)
    except exc.DBAPIError as error:
        if not isinstance(error, exc.IntegrityError):
            raise
        item.error = error
    except JoborchError as error:
        item.error = error
    except Exception as error:  # a bug in one function must not undo its neighbours
        logger.exception("write failed")
        item.error = error
