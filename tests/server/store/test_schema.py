import itertools
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event

from joborch.server.store import schema
from joborch.server.store.database import connect
from joborch.server.store.tables import JOBS

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"
Contents = set[tuple[object, ...]]


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    migrate(tmp_path / "x.db", "head")
    engine = connect(tmp_path / "x.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, JOBS.metadata) == []
    engine.dispose()


def test_a_new_database_is_as_if_it_had_been_migrated(tmp_path: Path) -> None:
    migrate(tmp_path / "old.db", "head")
    schema.prepare(tmp_path / "new.db")
    assert made(tmp_path / "new.db") == made(tmp_path / "old.db")


def test_an_audit_looks_for_exactly_the_tables_and_indices_that_the_code_uses() -> None:
    tables = JOBS.metadata.tables.values()
    assert {table.name for table in tables} == schema.TABLES
    assert {index.name for table in tables for index in table.indexes} == schema.INDICES


def test_the_newest_migration_is_the_one_that_a_start_looks_for() -> None:
    newest = max(path.name for path in VERSIONS.glob("0*.py"))
    assert newest.startswith(schema.HEAD)


def test_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)
    before = path.read_bytes()
    schema.prepare(path)
    assert path.read_bytes() == before


def test_an_older_schema_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(schema.SchemaError, match="cannot be migrated"):
        schema.prepare(path)
    assert (tmp_path / "x.before-0000.db").exists()


def test_a_migration_that_a_power_cut_ended_is_undone_and_made_again(tmp_path: Path) -> None:
    path = tmp_path / "joborch.db"
    schema.prepare(path)
    die_amidst_a_transaction(path)
    assert path.with_name("joborch.db-journal").stat().st_size > 0

    schema.prepare(path)

    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM payloads").fetchone() == (0,)


def die_amidst_a_transaction(path: Path) -> None:
    """Leave behind what a migration does whose host loses power: half of it, and a journal."""
    script = """
import os, sqlite3, sys
raw = sqlite3.connect(sys.argv[1], isolation_level=None)
raw.execute("PRAGMA journal_mode=DELETE")
raw.execute("PRAGMA cache_size=1")
raw.execute("BEGIN")
raw.execute("CREATE TABLE half (text)")
raw.executemany("INSERT INTO half VALUES (?)", [("x" * 1000,)] * 1000)
raw.execute("DROP TABLE payloads")
os._exit(1)
"""
    subprocess.run([sys.executable, "-c", script, path], check=False)


@pytest.mark.parametrize("survived", [0, 1, 2, 3, 8, 20])
def test_a_first_start_that_is_interrupted_leaves_no_tables_and_can_be_made_again(
    tmp_path: Path, current: Contents, survived: int
) -> None:
    path = tmp_path / "joborch.db"
    with failing_after(survived), pytest.raises(PowerCut):
        schema.prepare(path)
    assert contents(path) == set()

    schema.prepare(path)

    assert contents(path) == current


@pytest.mark.parametrize("survived", [0, 1, 2])
def test_a_migration_that_is_interrupted_leaves_the_older_schema_and_can_be_made_again(
    tmp_path: Path, migrated: Contents, survived: int
) -> None:
    path = tmp_path / "joborch.db"
    migrate(path, "0001")
    older = contents(path)
    with failing_after(survived), pytest.raises(PowerCut):
        schema.prepare(path)
    assert contents(path) == older

    schema.prepare(path)

    assert contents(path) == migrated


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    path = tmp_path_factory.mktemp("current") / "joborch.db"
    schema.prepare(path)
    return contents(path)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    path = tmp_path_factory.mktemp("migrated") / "joborch.db"
    migrate(path, "head")
    return contents(path)


class PowerCut(Exception):  # noqa: N818 - it is none
    """What ends a migration here."""


@contextmanager
def failing_after(survived: int) -> Iterator[None]:
    """Have every database of this process fail after so many statements that change something."""
    changes = itertools.count()

    def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().startswith(CHANGES) and next(changes) >= survived:
            raise PowerCut

    event.listen(Engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", fail)


CHANGES = ("CREATE", "INSERT", "UPDATE", "DELETE", "ALTER", "DROP")


def migrate(path: Path, to: str) -> None:
    """Make a database as an earlier version left it."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{path}")
    command.upgrade(config, to)


def made(path: Path) -> dict[str, Any]:
    """Return for each table what SQLite holds it to, in whichever words that was asked of it."""
    with closing(sqlite3.connect(path)) as raw:
        texts = dict(raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        indices = set(raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'"))

        def told(pragma: str) -> list[tuple[object, ...]]:
            return sorted(row[1:] for row in raw.execute(f"PRAGMA {pragma}"))

        return {"indices": indices} | {
            name: {
                "columns": told(f"table_info({name})"),
                "others": [row[1:] for row in told(f"foreign_key_list({name})")],
                "checks": set(checks(text)),
                "kind": [word for word in ("AUTOINCREMENT", "WITHOUT ROWID") if word in text],
            }
            for name, text in texts.items()
        }


def checks(text: str) -> Iterator[str]:
    """Yield the constraints of a table, each with its name."""
    for begin in re.finditer(r"CONSTRAINT \w+ CHECK ", text):
        depths = itertools.accumulate(
            {"(": 1, ")": -1}.get(sign, 0) for sign in text[begin.end() :]
        )
        length = next(place for place, depth in enumerate(depths) if depth == 0)
        yield text[begin.start() : begin.end() + length + 1]


def contents(path: Path) -> Contents:
    """Return what the database holds: its tables and indices, and which schema it says it has."""
    with closing(sqlite3.connect(path)) as raw:
        made = set(raw.execute("SELECT type, name, sql FROM sqlite_master"))
        is_versioned = any(name == "alembic_version" for _, name, _ in made)
        return made | set(raw.execute("SELECT * FROM alembic_version") if is_versioned else ())


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE jobs (id INTEGER)")
    with pytest.raises(schema.SchemaError, match="another program"):
        schema.prepare(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(schema.SchemaError, match="no usable database"):
        schema.prepare(path)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'finished'",
        "state = 'completed'",
        "finished_at = 1",
        "agent_id = 'a-1'",
        "state = 'running'",
        "priority = 101",
        "attempt = -1",
    ],
)
def test_the_database_itself_refuses_impossible_jobs(tmp_path: Path, change: str) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("INSERT INTO payloads VALUES ('p', '[]', 0, 0, NULL)")
        raw.execute(
            "INSERT INTO jobs (user_id, service, name, state, payload_id, priority, attempt,"
            " max_attempts, losses, tags, env, demand, submitted_at)"
            " VALUES ('ann', 's', 'n', 'queued', 'p', 50, 0, 3, 0, '{}', '{}', '{}', 0)"
        )
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            raw.execute(f"UPDATE jobs SET {change}")  # noqa: S608 - the parameters above


def test_who_holds_a_job_is_taken_from_its_history(tmp_path: Path) -> None:
    path = tmp_path / "joborch.db"
    migrate(path, "0004")
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("INSERT INTO payloads VALUES ('p', '[]', 0, 0, NULL)")
        for job_id, held_at in ((1, 5), (2, 5), (3, None)):
            raw.execute(
                "INSERT INTO jobs (id, user_id, service, name, state, payload_id, priority,"
                " attempt, max_attempts, losses, tags, env, demand, submitted_at, held_at)"
                " VALUES (?, 'ann', 's', 'n', 'queued', 'p', 50, 0, 3, 0, '{}', '{}', '{}', 0, ?)",
                (job_id, held_at),
            )
        history = [(1, "submit", "user:ann"), (2, "submit", "user:ann"), (2, "held", "user:bob")]
        for job_id, name, actor in [*history, (3, "submit", "user:ann")]:
            raw.execute(
                "INSERT INTO events (job_id, event, to_state, attempt, actor, at, detail)"
                " VALUES (?, ?, 'queued', 0, ?, 0, '{}')",
                (job_id, name, actor),
            )

    schema.prepare(path)

    with closing(sqlite3.connect(path)) as raw:
        held = raw.execute("SELECT id, hold_actor FROM jobs ORDER BY id").fetchall()
    assert held == [(1, "user:ann"), (2, "user:bob"), (3, None)]
