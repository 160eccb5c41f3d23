"""What a client of the original remembers of its jobs."""

import sqlite3
import threading
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """A job; as it is, one that there is not."""

    id: int = 0
    status: str = "Unknown"
    loc: str = ""
    pid: int = 0
    killed: bool = False

    def head(self) -> str:
        """Return how its JSON begins."""
        return f'{{"id":{self.id}'

    def payload(self) -> dict[str, object]:
        """Return all of it in the second generation's order."""
        facts = asdict(self)
        return {"id": facts.pop("id"), "input": {}, **facts}


class Book:
    """A database, with ids that it never uses twice."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS payloads (id INTEGER PRIMARY KEY AUTOINCREMENT,"
            " status TEXT DEFAULT 'Unknown', loc TEXT DEFAULT '', pid INT DEFAULT 0,"
            " killed INT DEFAULT 0)"
        )

    def add(self) -> Row:
        with self._lock:
            return Row(self._db.execute("INSERT INTO payloads DEFAULT VALUES").lastrowid or 0)

    def change(self, job_id: int, **facts: object) -> None:
        with self._lock:
            for name, value in facts.items():
                self._db.execute(
                    f"UPDATE payloads SET {name} = ? WHERE id = ?",  # noqa: S608 - own names
                    (value, job_id),
                )

    def find(self, job_id: int) -> Row | None:
        rows = self._select("id = ?", job_id)
        return rows[0] if rows else None

    def all_in(self, status: str) -> list[Row]:
        return self._select("status = ?", status)

    def _select(self, condition: str, value: object) -> list[Row]:
        query = f"SELECT id, status, loc, pid, killed FROM payloads WHERE {condition}"  # noqa: S608
        with self._lock:
            rows = self._db.execute(query, (value,)).fetchall()
        return [Row(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]
