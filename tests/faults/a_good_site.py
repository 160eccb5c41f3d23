"""A site on which all went well, for tests to spoil: one job that was run twice, and completed."""

import hashlib
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from joborch.domain.quotas import Limits
from joborch.server.blobs import Blobs
from joborch.server.store import schema
from tests.faults.oracle import END, START, Mark, Ticket

TICKET = Ticket(name="ticket-1", user="ann", service="fast", nap_s=0.1, status=0)
EVENTS = (
    (0, "submit", None, "queued"),
    (1, "assign", "queued", "assigned"),
    (1, "start", "assigned", "running"),
    (1, "requeue", "running", "queued"),
    (2, "assign", "queued", "assigned"),
    (2, "reoffered", "assigned", "assigned"),
    (2, "start", "assigned", "running"),
    (2, "complete", "running", "completed"),
)
PAYLOAD = "ab" * 16


@dataclass(slots=True)
class GoodSite:
    """The server's directory, and what the jobs and those who submitted them remember."""

    data: Path
    tickets: list[Ticket] = field(default_factory=lambda: [TICKET])
    journal: dict[str, list[int]] = field(default_factory=lambda: {TICKET.name: [1, 1]})
    marks: list[Mark] = field(
        default_factory=lambda: [mark(START, 1, 1.0), mark(START, 2, 2.0), mark(END, 2, 3.0)]
    )
    lost: set[tuple[int, int]] = field(default_factory=lambda: {(1, 1)})
    quotas: dict[str, Limits] = field(default_factory=lambda: {"fast": Limits(per_user=1, total=1)})

    @property
    def path(self) -> Path:
        """The database."""
        return self.data / "joborch.db"

    @property
    def archive(self) -> Path:
        """The job's results."""
        return self.data / "results" / "000000" / "1-2.zip"

    def spoil(self, *statements: str) -> None:
        """Change the database as no server would."""
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("PRAGMA ignore_check_constraints = on")
            for statement in statements:
                database.execute(statement)

    def keep(self, results: bytes) -> None:
        """Have these bytes for results, as if the job had left them."""
        self.archive.write_bytes(results)
        digest = hashlib.sha256(results).hexdigest()
        self.spoil(f"UPDATE jobs SET results_bytes = {len(results)}, results_sha256 = '{digest}'")  # noqa: S608 - a number and a digest

    def ask(self, query: str) -> Any:
        """Return the first row of an answer."""
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute(query).fetchone()


def a_good_site(data: Path) -> GoodSite:
    """Write it down below ``data``."""
    Blobs(data)
    site = GoodSite(data)
    site.path.write_bytes(_empty_database())
    payload = data / "payloads" / PAYLOAD[:2] / PAYLOAD
    payload.mkdir()
    publish(site.archive, TICKET.results(2))
    content = site.archive.read_bytes()
    with closing(sqlite3.connect(site.path)) as database, database:
        _insert(database, "payloads", id=PAYLOAD, files="[]", size_bytes=1, created_at=0)
        _insert(database, "jobs", **_job(content))
        for attempt, event, before, after in EVENTS:
            _insert_event(database, attempt, event, before, after)
        for user in ("ann", ""):
            _insert(database, "usage", service="fast", user_id=user, active=0, queued=0)
    return site


@cache
def _empty_database() -> bytes:
    """Migrate once for all tests of a run."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "empty.db"
        schema.prepare(path)
        return path.read_bytes()


def mark(what: str, attempt: int, at: float) -> Mark:
    """Return a line that the job may have written."""
    return Mark(ticket=TICKET.name, what=what, job_id=1, attempt=attempt, at=at)


def publish(archive: Path, files: Mapping[str, bytes]) -> None:
    """Put an archive of these files in the place of a job's results."""
    archive.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)


def _job(results: bytes) -> dict[str, Any]:
    return {
        "id": 1,
        "user_id": TICKET.user,
        "service": TICKET.service,
        "name": TICKET.name,
        "state": "completed",
        "payload_id": PAYLOAD,
        "priority": 50,
        "attempt": 2,
        "max_attempts": 10,
        "losses": 1,
        "tags": "{}",
        "env": "{}",
        "demand": "{}",
        "submitted_at": 0,
        "finished_at": 1,
        "exit_code": 0,
        "results_bytes": len(results),
        "results_sha256": hashlib.sha256(results).hexdigest(),
    }


def _insert_event(
    database: sqlite3.Connection, attempt: int, event: str, before: str | None, after: str
) -> None:
    _insert(
        database,
        "events",
        job_id=1,
        attempt=attempt,
        event=event,
        from_state=before,
        to_state=after,
        actor="test",
        at=0,
        detail='{"exit_code": 0}' if event == "complete" else "{}",
    )


def _insert(database: sqlite3.Connection, table: str, **values: Any) -> None:
    columns, places = ", ".join(values), ", ".join("?" * len(values))
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - our own names
    database.execute(statement, tuple(values.values()))
