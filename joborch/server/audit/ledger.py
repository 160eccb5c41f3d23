"""The database as an auditor opens it: for reading only, with nothing of the server's in between.

Read with plain SQL, so that a mistake in the server's own statements is not made here again.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from joborch.domain.errors import ConflictError, NotFoundError
from joborch.domain.states import ACTIVE
from joborch.server.store import schema

Ledger = sqlite3.Connection


class NoDataError(NotFoundError):
    """There is nothing to audit."""

    code = "no_data"


class OtherSchemaError(ConflictError):
    """The database is of another version of joborch; nothing was looked at."""

    code = "bad_schema"


@contextmanager
def opened(path: Path, *, is_at_rest: bool = False) -> Iterator[Ledger]:
    """Open a database; each statement sees its newest state, and may ask ``is_active(state)``.

    ``is_at_rest`` promises that nobody writes it: then not even SQLite's own files beside it are
    made, where they would stay as whoever made them.
    """
    wal = path.with_name(f"{path.name}-wal")
    is_whole = not wal.exists() or wal.stat().st_size == 0
    mode = "immutable=1" if is_at_rest and is_whole else "mode=ro"
    address = f"{path.resolve().as_uri()}?{mode}"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=30)) as ledger:
        ledger.row_factory = sqlite3.Row
        ledger.create_function("is_active", 1, ACTIVE.__contains__, deterministic=True)
        yield ledger


@contextmanager
def one_moment(ledger: Ledger) -> Iterator[None]:
    """Have all statements of the block see one and the same state."""
    ledger.execute("BEGIN")
    try:
        yield
    finally:
        ledger.execute("ROLLBACK")


def demand(path: Path) -> None:
    """Make sure that there is a database here at all.

    Raises:
        NoDataError: there is none.
    """
    if not path.is_file():
        hint = "name the server's directory with --data, or its database with --db"
        raise NoDataError(f"there is no database at {path}", hint=hint)


def demand_schema(ledger: Ledger) -> None:
    """Make sure that the database has the tables that are going to be read.

    Raises:
        OtherSchemaError: it has others.
    """
    try:
        row = ledger.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise OtherSchemaError(
            f"this is no database of joborch, or too damaged to be read: {error}",
            hint="restore a copy of it, and keep this one",
        ) from error
    version = row[0] if row else "none"
    if version != schema.HEAD:
        raise OtherSchemaError(
            f"the database has schema {version}, this joborch knows {schema.HEAD}",
            hint="check it with the version of joborch that serves it",
        )
