"""What an original server of either generation has: its database and its directory, never changed.

Both generations keep the same columns; the second knows more words for the status.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from joborch.domain.errors import NotFoundError, RequestError

COLUMNS = ("id", "user_id", "service", "status", "loc", "dest_id", "created_at")
STATUSES = frozenset(
    {
        *("pending", "queued", "processing", "submitted", "prepared", "running", "locked"),
        *("completed", "failed", "invalid", "killed", "unknown", "cleaned"),
    }
)


class SourceError(RequestError):
    """That is not the database of an original server, or not a sound one; nothing was imported."""

    code = "bad_source"


class NoSourceError(NotFoundError):
    """There is no such file or directory; nothing was imported."""

    code = "no_source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """One job as the original recorded it."""

    id: int
    user_id: str
    service: str
    status: str
    folder: Path
    """Where its files should be."""
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An original server's jobs."""

    data: Path
    """Where their files are."""
    jobs: list[Original]
    """Oldest first."""
    last_id: int
    """The largest id that was ever given, also to a job that is gone."""


def read_source(database: Path, data: Path) -> Source:
    """Read all jobs.

    Raises:
        NoSourceError, SourceError: naming what is wrong.
    """
    if not database.is_file():
        raise NoSourceError(f"there is no database {database}")
    if not data.is_dir():
        raise NoSourceError(f"there is no directory {data}")
    try:
        with _copy_of(database) as copy, closing(sqlite3.connect(copy)) as opened:
            _demand_jobs(opened, database)
            columns = ", ".join(COLUMNS)
            rows = opened.execute(f"SELECT {columns} FROM jobs ORDER BY id")  # noqa: S608 - ours
            jobs = [_original(row, data) for row in rows]
            return Source(data=data, jobs=jobs, last_id=_last_id(opened, jobs))
    except sqlite3.DatabaseError as error:
        raise SourceError(f"{database} cannot be read: {error}") from error


@contextmanager
def _copy_of(database: Path) -> Iterator[Path]:
    """Copy a database with its write-ahead log or rollback journal: to open it may change them."""
    with tempfile.TemporaryDirectory(prefix="joborch-import-") as folder:
        for suffix in ("", "-wal", "-journal"):
            source = database.with_name(f"{database.name}{suffix}")
            if source.exists():
                shutil.copyfile(source, Path(folder) / f"copy{suffix}")
        yield Path(folder) / "copy"


def _demand_jobs(opened: sqlite3.Connection, database: Path) -> None:
    found = {row[1] for row in opened.execute("PRAGMA table_info(jobs)")}
    if missing := set(COLUMNS) - found:
        raise SourceError(
            f"{database} is no database of an original server: its jobs have no"
            f" {', '.join(sorted(missing))}",
            hint="the one that DB_PATH named, usually db.sqlite",
        )


def _last_id(opened: sqlite3.Connection, jobs: list[Original]) -> int:
    given = 0
    if opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
        query = "SELECT coalesce(max(CAST(seq AS INTEGER)), 0) FROM sqlite_sequence WHERE name = ?"
        (given,) = opened.execute(query, ("jobs",)).fetchone()
    return max(int(given), jobs[-1].id if jobs else 0)


def _original(row: tuple[object, ...], data: Path) -> Original:
    job_id, user_id, service, status, loc, _, created_at = row
    if str(status) not in STATUSES:
        raise SourceError(f"job {job_id} has a status that no original has: {status!r}")
    return Original(
        id=int(str(job_id)),
        user_id=str(user_id),
        service=str(service),
        status=str(status),
        folder=data / Path(str(loc)).name if str(loc) else data / "none",
        created_at=_moment(job_id, created_at),
    )


def _moment(job_id: object, text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
    except ValueError as error:
        raise SourceError(f"job {job_id} has a created_at that is no time: {text!r}") from error
