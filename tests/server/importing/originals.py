"""What original servers left behind, and imports of it."""

import sqlite3
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from joborch.server.importing.main import Imported, main

COLUMNS = """
    id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, service TEXT NOT NULL,
    status TEXT NOT NULL, loc TEXT NOT NULL, dest_id INTEGER,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP
"""
BECOMES = {
    **dict.fromkeys(["queued", "pending", "processing", "submitted"], "queued"),
    **dict.fromkeys(["prepared", "running"], "queued"),
    "locked": "cancelled",
    "completed": "completed",
    "cleaned": "completed",
    "failed": "failed",
    "killed": "cancelled",
    "invalid": "invalid",
    "unknown": "lost",
}
INPUTS = {"run.sh": b"echo hello\n", "in put %#\u00fc.pdb": b"ATOM\n", "a/b": b"deep\n"}


class Source:
    """What an original server left behind, made as it would have made it."""

    def __init__(self, home: Path) -> None:
        self.data = home / "original"
        self.data.mkdir()
        self.database = self.data / "db.sqlite"
        with closing(sqlite3.connect(self.database)) as opened, opened:
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute(f"CREATE TABLE jobs ({COLUMNS})")

    def add(
        self,
        status: str,
        *,
        job_id: int | None = None,
        service: str = "docking",
        files: Mapping[str, bytes] | None = None,
    ) -> Path:
        """Add a job of user 7; its directory is named as it was inside a container."""
        folder = self.data / f"uuid-{len([*self.data.iterdir()])}"
        folder.mkdir()
        for name, content in (INPUTS if files is None else files).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        row = (job_id, 7, service, status, f"/opt/data/{folder.name}", 3, "2026-11-20 03:12:05")
        with closing(sqlite3.connect(self.database)) as opened, opened:
            opened.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return folder

    def spoil(self, statement: str, *values: str) -> None:
        """Change what the original's database says."""
        with closing(sqlite3.connect(self.database)) as opened, opened:
            opened.execute(statement, values)

    def contents(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.data)): path.read_bytes()
            for path in self.data.rglob("*")
            if path.is_file()
        }


def run(source: Source, into: Path, *, is_trial: bool = False) -> Imported:
    return main(
        database=source.database,
        data=source.data,
        into=into,
        is_trial=is_trial,
        progress=lambda done, total: None,
    )


def rows(into: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(into / "joborch.db")) as opened:
        return opened.execute(query).fetchall()


def give_results(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "output.zip", "w") as archive:
        archive.writestr("out.txt", "results")
    return (folder / "output.zip").read_bytes()
