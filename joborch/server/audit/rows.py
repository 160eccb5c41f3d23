"""What one row of a job says of itself, and that it must not contradict.

Some of it the database refuses by itself; but SQLite does not look at constraints again in a
database that is opened for reading only.
"""

from collections.abc import Iterator

from joborch.domain.invariants import Finding, Invariant
from joborch.server.audit.ledger import Ledger

REMEDY = "keep a copy of the database and report this; nothing but a bug or a failing disk does it"

CONTRADICTIONS = (
    (
        Invariant.I2,
        "is held by an agent that is not known",
        "SELECT id FROM jobs WHERE agent_id IS NOT NULL"
        " AND agent_id NOT IN (SELECT id FROM agents WHERE removed_at IS NULL)",
    ),
    (
        Invariant.I5,
        "has results that are not described whole",
        "SELECT id FROM jobs WHERE (results_sha256 IS NULL) <> (results_bytes IS NULL)"
        " OR length(results_sha256) <> 64 OR results_bytes < 0",
    ),
    (
        Invariant.I5,
        "has results, or had, and has not ended",
        "SELECT id FROM jobs WHERE finished_at IS NULL"
        " AND (results_sha256 IS NOT NULL OR results_removed_at IS NOT NULL)",
    ),
    (
        Invariant.I5,
        "has other results than its end told of, or none",
        "SELECT j.id FROM jobs j JOIN events e ON e.job_id = j.id AND e.to_state = j.state"
        " WHERE json_extract(e.detail, '$.results_bytes') <> coalesce(j.results_bytes, -1)",
    ),
    (
        Invariant.I8,
        "has a place in a batch, or a batch, but not both",
        "SELECT id FROM jobs WHERE (batch_id IS NULL) <> (array_index IS NULL)",
    ),
    (
        Invariant.I10,
        "has a priority that is not from 0 to 100",
        "SELECT id FROM jobs WHERE priority NOT BETWEEN 0 AND 100",
    ),
)


def contradict_nothing(ledger: Ledger) -> Iterator[Finding]:
    """I2, I5, I8, I10: what a job's row says can be true."""
    for invariant, message, statement in CONTRADICTIONS:
        for (job_id,) in ledger.execute(statement):
            yield Finding(invariant=invariant, job_id=job_id, message=message, remedy=REMEDY)
