"""Brings a database file to the schema that this version needs, by Alembic's migrations.

Alembic is only imported when there is something to migrate: a normal start does not pay for it.
"""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from joborch.domain.errors import JoborchError

logger = logging.getLogger(__name__)

HEAD = "0001"
"""The newest migration; a test compares it with the files."""

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaError(JoborchError):
    """The database cannot be used by this version; it was left as it is."""

    code = "bad_schema"


def prepare(path: Path) -> None:
    """Make the database at ``path`` current, after a backup copy if it holds an older schema.

    Raises:
        SchemaError: if it is damaged, not joborch's, or of a newer version.
    """
    version = _version(path)
    if version == HEAD:
        return
    if version is not None:
        _back_up(path, version)
    _upgrade(path)
    logger.info("database migrated", extra={"from": version or "nothing", "to": HEAD})


def _version(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path)) as raw:
            tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master")}
            if "alembic_version" in tables:
                return str(raw.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.DatabaseError, TypeError) as error:
        raise SchemaError(f"{path} is no usable database: {error}") from error
    if tables:
        raise SchemaError(f"{path} is a database of another program", hint="name another --db")
    return None


def _back_up(path: Path, version: str) -> None:
    copy = path.with_suffix(f".before-{version}{path.suffix}")
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
    logger.info("database copied before its migration", extra={"copy": str(copy)})


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
