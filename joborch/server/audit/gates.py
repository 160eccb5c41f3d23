"""I11: jobs that wait for others wait for such as have not ended, so that their turn will come."""

from collections.abc import Iterator

from joborch.domain.invariants import Finding, Invariant
from joborch.server.audit.ledger import Ledger

REMEDY = "keep a copy of the database and report this; what is meant to wait no more is cancelled"

STUCK = (
    (
        "waits for others, and none of them is left",
        "SELECT j.id FROM jobs j WHERE j.gate_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM gate_members m WHERE m.gate_id = j.gate_id)",
    ),
    (
        "has ended, and others wait for its end",
        "SELECT DISTINCT j.id FROM jobs j JOIN gate_members m ON m.job_id = j.id"
        " WHERE j.finished_at IS NOT NULL",
    ),
    (
        "is waited for by nobody, at a gate that was left behind",
        "SELECT DISTINCT m.job_id FROM gate_members m"
        " WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.gate_id = m.gate_id)",
    ),
)


def keep_nobody_in_vain(ledger: Ledger) -> Iterator[Finding]:
    """I11: every gate keeps jobs, and only for jobs that have not ended."""
    for message, statement in STUCK:
        for (job_id,) in ledger.execute(statement):
            yield Finding(invariant=Invariant.I11, job_id=job_id, message=message, remedy=REMEDY)
