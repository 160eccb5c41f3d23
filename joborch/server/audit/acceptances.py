"""I8: what was answered with success is there: jobs, batches, and what a key stands for.

Ids are given out one after the other, and no row of a job, a batch or an event is ever removed.
So a gap is something that was there; unless it is before the first job that came to this server,
among those that were imported from another one.
"""

from collections.abc import Iterator

from joborch.domain.invariants import Finding, Invariant
from joborch.server.audit.ledger import Ledger

LARGEST_ID = 2**63 - 1
REMEDY = "restore a copy of the database in which it still is, and report this"


def keeps_what_was_accepted(ledger: Ledger) -> Iterator[Finding]:
    """I8: nothing is missing, and keys and batches have the jobs that they had at first."""
    yield from _gaps(ledger, "jobs", "id", "job", above=_last_of_others(ledger))
    yield from _gaps(ledger, "events", "seq", "event")
    yield from _keys(ledger)
    yield from _batches(ledger)


def _gaps(
    ledger: Ledger, table: str, column: str, word: str, *, above: int = 0
) -> Iterator[Finding]:
    given = ledger.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    rows, last = ledger.execute(
        f"SELECT count(*), coalesce(max({column}), 0) FROM {table}"  # noqa: S608 - ours
    ).fetchone()
    newest = max(given[0] if given else 0, last)
    if rows == newest:
        return
    gaps = ledger.execute(
        f"SELECT before + 1, {column} - 1 FROM (SELECT {column},"  # noqa: S608 - ours
        f" max(?, lag({column}, 1, 0) OVER (ORDER BY {column})) AS before FROM {table})"
        f" WHERE {column} > before + 1",
        (above,),
    )
    for first, final in gaps:
        yield _gone(word, first, final)
    if newest > (seen := max(last, above)):
        yield _gone(word, seen + 1, newest)


def _last_of_others(ledger: Ledger) -> int:
    """Return the last id that this server has not given itself; without end if it gave none.

    A job's events go on telling of its submission, should the job be gone.
    """
    query = "SELECT min(job_id) FROM events WHERE event = 'submit' AND actor <> 'import'"
    (first,) = ledger.execute(query).fetchone()
    return LARGEST_ID if first is None else int(first) - 1


def _gone(word: str, first: int, last: int) -> Finding:
    if first == last:
        return _missing(f"{word} {first} is gone")
    return _missing(f"{word}s {first} to {last} are gone")


def _keys(ledger: Ledger) -> Iterator[Finding]:
    rows = ledger.execute(
        "SELECT * FROM (SELECT key, user_id, first_job_id, jobs, (SELECT count(*) FROM jobs j"
        " WHERE j.id BETWEEN i.first_job_id AND i.first_job_id + i.jobs - 1"
        " AND j.user_id = i.user_id) AS found FROM idempotency i) WHERE found <> jobs OR jobs < 1"
    )
    for key, user_id, first, jobs, found in rows:
        stands = f"stands for {jobs} jobs of {user_id} from {first} on, there are {found}"
        yield _missing(f"key {key}: {stands}")


def _batches(ledger: Ledger) -> Iterator[Finding]:
    rows = ledger.execute(
        "SELECT b.id, b.size, count(j.id) AS jobs, count(DISTINCT j.array_index) AS places"
        " FROM batches b LEFT JOIN jobs j ON j.batch_id = b.id"
        " GROUP BY b.id HAVING jobs <> b.size OR places <> b.size"
    )
    for batch_id, size, jobs, places in rows:
        message = f"batch b-{batch_id}: {size} jobs were accepted, there are {jobs} of {places}"
        yield _missing(f"{message} indices")


def _missing(message: str) -> Finding:
    return Finding(invariant=Invariant.I8, message=message, remedy=REMEDY)
