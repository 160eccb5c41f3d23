"""I3 and I9: how much was held at each moment by the event log, and what the counters say now.

A quota comes from the configuration, which may have changed since. So what exceeds today's is for
a person to judge; what exceeds the limit of a batch, which never changes, is not. One that an
operator set for a user is known to hold since then: what was held before does not count.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from joborch.domain.invariants import Finding, Invariant
from joborch.domain.quotas import Limits
from joborch.server.audit.ledger import Ledger

REPORT = "keep a copy of the database and report this"
LOWERED = "in order if the limit was higher then"
RECOUNT = "start the server again: it counts anew at every start; report it if it comes back"


def exceeded(ledger: Ledger, quotas: Mapping[str, Limits]) -> Iterator[Finding]:
    """I3: who held more of a service than a quota allows; each holder once, at its highest."""
    active: Counter[tuple[str, str]] = Counter()
    highest: dict[tuple[str, str], tuple[int, int]] = {}
    overrides = _overrides(ledger)
    for service, user_id, seq, at, change in _changes(ledger):
        for holder in ((service, user_id), (service, "")):
            active[holder] += change
            _, since = overrides.get(holder, (0, 0))
            if at >= since and change > 0 and active[holder] > highest.get(holder, (0, 0))[0]:
                highest[holder] = active[holder], seq
    for (service, user_id), (held, seq) in sorted(highest.items()):
        own, _ = overrides.get((service, user_id), (None, 0))
        limit = _limit(quotas.get(service), user_id) if own is None else own
        if limit is not None and held > limit:
            who = f"user {user_id}" if user_id else "all users together"
            message = f"{who} held {held} of {service}, {limit} allowed, reached at event {seq}"
            yield Finding(invariant=Invariant.I3, message=message, remedy=LOWERED)


def exceeded_batches(ledger: Ledger) -> Iterator[Finding]:
    """I3: which batches had more jobs active at once than was asked for."""
    active: Counter[int] = Counter()
    known = set()
    rows = ledger.execute(
        "SELECT b.id, b.at_once, e.seq, is_active(e.to_state) - is_active(e.from_state) AS change"
        " FROM events e JOIN jobs j ON j.id = e.job_id JOIN batches b ON b.id = j.batch_id"
        " WHERE b.at_once IS NOT NULL AND change <> 0 ORDER BY e.seq"
    )
    for batch_id, at_once, seq, change in rows:
        active[batch_id] += change
        if change > 0 and active[batch_id] > at_once and batch_id not in known:
            known.add(batch_id)
            message = f"batch b-{batch_id} had more than {at_once} active, first at event {seq}"
            yield Finding(invariant=Invariant.I3, message=message, remedy=REPORT)


def counts_right(ledger: Ledger) -> Iterator[Finding]:
    """I9: the counters of users, services and batches are what one counts."""
    stored = {
        (row["service"], row["user_id"], kind): row[kind]
        for row in ledger.execute("SELECT * FROM usage")
        for kind in ("active", "queued")
    }
    counted = _counted(ledger)
    for key in sorted({*stored, *counted}):
        if stored.get(key, 0) != counted[key]:
            service, user_id, kind = key
            says = f"{stored.get(key, 0)} {kind}, counted {counted[key]}"
            yield _miscounted(f"usage of {service}/{user_id or '*'}: {says}")
    for batch_id, says, active in ledger.execute(
        "SELECT b.id, b.active, count(j.id) AS held FROM batches b"
        " LEFT JOIN jobs j ON j.batch_id = b.id AND is_active(j.state)"
        " GROUP BY b.id HAVING held <> b.active"
    ):
        yield _miscounted(f"batch b-{batch_id}: {says} active, counted {active}")


def _overrides(ledger: Ledger) -> dict[tuple[str, str], tuple[int, int]]:
    """Return, by service and user, what operators set, and since when."""
    rows = ledger.execute("SELECT service, user_id, running, at FROM overrides")
    return {(row[0], row[1]): (row[2], row[3]) for row in rows if row[2] is not None}


def _changes(ledger: Ledger) -> Iterator[tuple[str, str, int, int, int]]:
    rows = ledger.execute(
        "SELECT j.service, j.user_id, e.seq, e.at, is_active(e.to_state) - is_active(e.from_state)"
        " AS change FROM events e JOIN jobs j ON j.id = e.job_id WHERE change <> 0 ORDER BY e.seq"
    )
    rows.row_factory = None
    yield from rows


def _limit(limits: Limits | None, user_id: str) -> int | None:
    if limits is None:
        return None
    return limits.per_user if user_id else limits.total


def _counted(ledger: Ledger) -> Counter[tuple[str, str, str]]:
    counted: Counter[tuple[str, str, str]] = Counter()
    for service, user_id, kind, jobs in ledger.execute(
        "SELECT service, user_id, CASE WHEN is_active(state) THEN 'active' ELSE state END,"
        " count(*) FROM jobs WHERE finished_at IS NULL GROUP BY 1, 2, 3"
    ):
        for user in (user_id, ""):
            counted[service, user, kind] += jobs
    return counted


def _miscounted(message: str) -> Finding:
    return Finding(invariant=Invariant.I9, message=message, remedy=RECOUNT)
