"""What a start does to a database that it finds, before it writes anything."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from joborch.domain.errors import ConflictError
from joborch.server.store import schema

PAGE = 4096


def test_a_page_that_was_written_over_is_found_and_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    schema.prepare(path)
    with closing(sqlite3.connect(path)) as raw:
        (root,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(b"\xa5" * PAGE)
    before = path.read_bytes()

    with pytest.raises(schema.DamagedError, match="is damaged; nothing was started") as raised:
        schema.prepare(path)

    assert raised.value.details["why"]
    assert "put a copy from before in its place" in str(raised.value.hint)
    assert isinstance(raised.value, ConflictError)
    assert path.read_bytes() == before


def test_the_log_that_a_killed_server_left_is_read_and_not_written_back(tmp_path: Path) -> None:
    path, killed = tmp_path / "x.db", tmp_path / "killed.db"
    schema.prepare(path)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode = wal")
        raw.execute("CREATE TABLE newer (x)")
        shutil.copy(path, killed)
        shutil.copy(f"{path}-wal", f"{killed}-wal")
    before = killed.read_bytes(), Path(f"{killed}-wal").read_bytes()

    schema.prepare(killed)

    assert (killed.read_bytes(), Path(f"{killed}-wal").read_bytes()) == before
