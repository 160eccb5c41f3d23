"""Brings a database file to the schema that this version needs.

A new one is made at once, an older one is brought on by Alembic's migrations.

A database that SQLite finds damaged is refused before anything is written to it. That look at
every page costs about 0.2 s for 100,000 jobs, and grows with the file: 2 s for each GB.
Alembic is only imported when there is something to migrate: no other start pays for it.
"""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from joborch.domain.errors import ConflictError

logger = logging.getLogger(__name__)

HEAD = "0005"
"""The newest migration; a test compares it with the files."""
TABLES = {
    *("agents", "batches", "events", "gate_members", "gates", "idempotency", "jobs", "overrides"),
    *("pauses", "payloads", "usage"),
}
INDICES = {
    *("events_of_job", "gates_of_job", "ix_agents_name", "jobs_ended", "jobs_gated"),
    *("jobs_held_by", "jobs_line", "jobs_of_batch", "jobs_of_payload", "jobs_of_user"),
    *("jobs_submitted", "jobs_to_clean", "usage_waiting"),
}
"""What it has, named here for those who cannot load the tables; compared with them by a test."""

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaError(ConflictError):
    """The database cannot be used by this version; it was left as it is."""

    code = "bad_schema"


class DamagedError(SchemaError):
    """The database is damaged; it was left as it is."""

    code = "damaged_database"

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(
            f"{path} is damaged; nothing was started and nothing changed",
            why=fault,
            hint="keep it, put a copy from before in its place; `joborch check` says what is wrong",
        )


def prepare(path: Path) -> None:
    """Make the database at ``path`` current, after a backup copy if it holds an older schema.

    Raises:
        DamagedError: if SQLite finds it damaged.
        SchemaError: if it is not joborch's, or of a newer version.
    """
    if _is_half_written(path):
        _roll_back(path)
    version = _version(path)
    if version is not None:
        _demand_sound(path)
    if version == HEAD:
        return
    if version is None:
        _create(path)
        logger.info("database made", extra={"version": HEAD})
        return
    _back_up(path, version)
    _upgrade(path)
    logger.info("database migrated", extra={"from": version, "to": HEAD})


def _is_half_written(path: Path) -> bool:
    """Whether a process died amidst a transaction: reading alone is not possible then."""
    if not path.exists():
        return False
    try:
        with closing(_opened(path)) as raw:
            raw.execute("SELECT name FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorcode == sqlite3.SQLITE_READONLY_ROLLBACK
    return False


def _roll_back(path: Path) -> None:
    """Undo the transaction, by its journal, as every program does that opens the database."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("SELECT name FROM sqlite_master").fetchone()
    logger.info("half a transaction rolled back", extra={"database": str(path)})


def _version(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with closing(_opened(path)) as raw:
            tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master")}
            is_originals = "dest_id" in {row[1] for row in raw.execute("PRAGMA table_info(jobs)")}
            if "alembic_version" in tables:
                return str(raw.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.DatabaseError, TypeError) as error:
        raise SchemaError(f"{path} is no usable database: {error}") from error
    if tables:
        if is_originals:
            hint = "name another --db; `joborch import` takes over its jobs"
            raise SchemaError(f"{path} is the database of an original server", hint=hint)
        raise SchemaError(f"{path} is a database of another program", hint="name another --db")
    return None


def _demand_sound(path: Path) -> None:
    """Look at every page, but not whether indices and tables agree: that would take much longer."""
    try:
        with closing(_opened(path)) as raw:
            (fault,) = raw.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise DamagedError(path, str(error)) from error
    if fault != "ok":
        raise DamagedError(path, fault.replace("*** in database main ***", "").strip())


def _opened(path: Path) -> sqlite3.Connection:
    """Open for reading only: closing it leaves a write-ahead log as it is."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _back_up(path: Path, version: str) -> None:
    copy = path.with_suffix(f".before-{version}{path.suffix}")
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
    logger.info("database copied before its migration", extra={"copy": str(copy)})


def _create(path: Path) -> None:
    from joborch.server.store.creating import create

    create(str(path), HEAD)


def _upgrade(path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{path}".replace("%", "%%"))
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        hint = "it was probably written by a newer joborch"
        raise SchemaError(f"{path} cannot be migrated: {error}", hint=hint) from error
