"""Whether the files in a directory are of the database that is going to decide about them.

A server removes files that its database does not know. With a database that is new, of another
directory, or a copy from before, these would be the files of jobs.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from joborch.domain.errors import ConflictError

PUBLISHED = ("payloads/??/*", "results/*/*.zip")
"""Where :mod:`joborch.server.blobs` keeps what some job needs, for good."""
REMEDY = "name the database that belongs to it with --db, or another --data"


class StrangeDatabaseError(ConflictError):
    """There are files of jobs, and their database is another one; nothing was changed."""

    code = "strange_database"


def demand_own_files(database: Path, data: Path) -> None:
    """Make sure that a database knows the jobs whose files are there.

    Raises:
        StrangeDatabaseError: there is no ``database`` yet, but ``data`` has files of jobs; or it
            has results of jobs that are newer than all that the database has; or it is no file.
    """
    if database.exists() and not database.is_file():
        raise StrangeDatabaseError(
            f"{database} is no file; nothing was changed", hint="name a file with --db"
        )
    if not database.exists():
        if any(any(data.glob(pattern)) for pattern in PUBLISHED):
            raise StrangeDatabaseError(
                f"{database} does not exist, but there are files of jobs in {data};"
                " nothing was changed",
                why="a new database knows none of these jobs: all their files would be removed",
                hint=REMEDY,
            )
        return
    newest, known = _newest_with_results(data), _newest_known(database)
    if known is not None and newest > known:
        raise StrangeDatabaseError(
            f"there are results of job {newest} in {data}, but the newest job in {database} is"
            f" {known}; nothing was changed",
            why="it is an older copy, or another server's: newer results would be removed",
            hint=f"{REMEDY}; to copy a database, stop its server first, or copy its -wal as well",
        )


def _newest_with_results(data: Path) -> int:
    """Return the largest id of a job that has results; they lie in folders by thousands."""
    for folder in sorted((data / "results").glob("[0-9]*"), reverse=True):
        ids = [int(path.name.partition("-")[0]) for path in folder.glob("[0-9]*-*.zip")]
        if ids:
            return max(ids)
    return 0


def _newest_known(database: Path) -> int | None:
    """Return the largest id of a job; None if this is no database that can be asked."""
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as opened:
            query = "SELECT coalesce(max(id), 0) FROM jobs"
            return int(opened.execute(query).fetchone()[0])
    except sqlite3.DatabaseError:
        return None
