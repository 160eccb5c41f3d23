"""What the row of a job says, and that it contradicts neither itself nor the events of the job.

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
        Invariant.I2,
        "is held without the token of a lease",
        "SELECT id FROM jobs WHERE is_active(state) AND token_hash IS NULL",
    ),
    (
        Invariant.I2,
        "is to be cancelled, and waits",
        "SELECT id FROM jobs WHERE state = 'queued' AND cancel_requested_at IS NOT NULL",
    ),
    (
        Invariant.I2,
        "is kept from starting, and has been given out",
        "SELECT id FROM jobs WHERE is_active(state) AND held_at IS NOT NULL",
    ),
    (
        Invariant.I2,
        "ended before it started",
        "SELECT id FROM jobs WHERE finished_at < started_at",
    ),
    (
        Invariant.I2,
        "has another exit status or signal than its end told of",
        "SELECT j.id FROM jobs j LEFT JOIN events e ON e.job_id = j.id AND e.to_state = j.state"
        " AND e.from_state <> e.to_state AND j.finished_at IS NOT NULL"
        " WHERE json_extract(e.detail, '$.exit_code') IS NOT j.exit_code"
        " OR json_extract(e.detail, '$.signal') IS NOT j.signal",
    ),
    (
        Invariant.I5,
        "has results removed, and no event tells of it",
        "SELECT id FROM jobs j WHERE results_removed_at IS NOT NULL AND NOT EXISTS (SELECT 1"
        " FROM events e WHERE e.job_id = j.id AND event = 'results_removed'"
        " AND at = results_removed_at)",
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
