"""I10, the database's half: its pages, its tables, its indices, its references."""

from collections.abc import Iterator

from joborch.domain.invariants import Finding, Invariant
from joborch.server.audit.ledger import Ledger
from joborch.server.store import schema

REMEDY = "stop the server, keep a copy of the database, and restore one that is sound"


def is_sound(ledger: Ledger, *, is_quick: bool = False) -> Iterator[Finding]:
    """I10: SQLite finds nothing wrong, and no table or index is missing.

    ``is_quick`` does not compare indices with their tables.
    """
    pragma = "quick_check" if is_quick else "integrity_check"
    faults = [line for (text,) in ledger.execute(f"PRAGMA {pragma}") for line in text.split("\n")]
    if faults != ["ok"]:
        yield from (_fault(f"database: {line}") for line in faults if not line.startswith("***"))
        return  # what is left may not even be readable
    there = {name for (name,) in ledger.execute("SELECT name FROM sqlite_master")}
    missing = (schema.TABLES | schema.INDICES) - there
    yield from (_fault(f"database: {name} is missing") for name in sorted(missing))
    for table, row_id, parent, _ in ledger.execute("PRAGMA foreign_key_check"):
        job_id = row_id if table == "jobs" else None
        where = "" if table == "jobs" else f"row {row_id} of {table} "
        yield _fault(f"{where}refers to {parent} that are not there", job_id)


def _fault(message: str, job_id: int | None = None) -> Finding:
    return Finding(invariant=Invariant.I10, message=message, job_id=job_id, remedy=REMEDY)
