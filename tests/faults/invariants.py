"""What must be true of a site whatever was killed there: each function returns what is not.

What the server's data shows by itself is audited as ``joborch check`` does it. Here it is compared
with what jobs wrote themselves and what clients were told, and ``/proc`` is searched for what is
left. Call these functions after the server has been started once more and has ended.
"""

import sqlite3
import zipfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from joborch.domain.invariants import Counts, Finding
from joborch.domain.quotas import Limits
from joborch.domain.states import JobState
from joborch.server.audit import acceptances, ledger, moves, payloads, results, soundness
from joborch.server.audit import quotas as shares
from joborch.server.audit.disk import Disk
from joborch.server.audit.ledger import Ledger
from joborch.server.audit.moves import History
from joborch.server.audit.results import Record
from tests.faults import killer
from tests.faults.killer import Attempt
from tests.faults.oracle import END, START, Mark, Ticket, by_attempt

Violations = list[str]


def opened(path: Path) -> AbstractContextManager[Ledger]:
    """Open a server's database for reading only, whether the server is there or not."""
    return ledger.opened(path)


def ends_once(database: Ledger) -> Violations:
    """I1: a job that has ended has one event that ended it, and none that moves it after that."""
    return _told(_of_histories(database, moves.ends_once))


def follows_the_table(database: Ledger) -> Violations:
    """I2, I4: the events of a job are a path of the table, and number its attempts."""
    return _told(_of_histories(database, moves.follows_the_table, moves.counts_attempts))


def keeps_quotas(database: Ledger, quotas: Mapping[str, Limits]) -> Violations:
    """I3: at no event did a user, or all together, hold more of a service than its quota."""
    return _told([*shares.exceeded(database, quotas), *shares.exceeded_batches(database)])


def publishes_what_ran(
    database: Ledger, data: Path, tickets: Iterable[Ticket], *, disturbed: Collection[Attempt]
) -> Violations:
    """I4, I5: results are those of the attempt that ended the job, and so is its status.

    ``disturbed`` are the attempts whose own processes were killed: they may have failed.
    """
    known = {ticket.name: ticket for ticket in tickets}
    wrong = []
    for job in database.execute("SELECT * FROM jobs WHERE finished_at IS NOT NULL"):
        if job["state"] == JobState.LOST:
            continue
        ticket = known[job["name"]]
        faults = _faults_of_archive(job, data)
        if not faults and (job["id"], job["attempt"]) not in disturbed:
            faults = _faults_of_content(job, data, ticket) + _faults_of_status(job, ticket.status)
        wrong += [f"job {job['id']}: {fault}" for fault in faults]
    return wrong


def never_overlaps(marks: Iterable[Mark]) -> Violations:
    """I6: an attempt starts at most once, and only when the one before it is over."""
    wrong = []
    attempts: dict[int, dict[int, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for mark in marks:
        attempts[mark.job_id][mark.attempt].append(mark)
    for job_id, by_number in attempts.items():
        over = 0.0
        for number, own in sorted(by_number.items()):
            starts = [mark.at for mark in own if mark.what == START]
            if len(starts) != 1:
                wrong.append(f"job {job_id}: attempt {number} started {len(starts)} times")
            if min(mark.at for mark in own) < over:
                wrong.append(f"job {job_id}: attempt {number} started before the last was over")
            over = max(over, *(mark.at for mark in own))
    return wrong


def ran_if_it_ended(
    database: Ledger, marks: Iterable[Mark], *, disturbed: Collection[Attempt]
) -> Violations:
    """I5: an attempt that was recorded went from its beginning to its end, by its own word."""
    written = by_attempt(marks)
    return [
        f"job {job['id']}: attempt {job['attempt']} is {job['state']} but wrote {wrote}"
        for job in database.execute("SELECT * FROM jobs WHERE finished_at IS NOT NULL")
        if (job["id"], job["attempt"]) not in disturbed and job["state"] != JobState.LOST
        if (wrote := written[job["id"], job["attempt"]]) != [START, END]
    ]


def leaves_no_process(home: Path) -> Violations:
    """I7: nothing that was started for a job is alive."""
    return [
        f"job {key[0]}: process {pid} of attempt {key[1]} is alive"
        for pid, key in killer.processes_of_jobs(home).items()
    ]


def keeps_what_was_accepted(
    database: Ledger, tickets: Iterable[Ticket], journal: Mapping[str, Collection[int]]
) -> Violations:
    """I8: what was answered with success exists exactly once, whoever asked how often.

    ``journal`` has the ids that were answered to each ticket, one for each 2xx.
    """
    wrong = []
    jobs: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for job in database.execute("SELECT id, name, user_id, service FROM jobs ORDER BY id"):
        jobs[job["name"]].append(job)
    for ticket in tickets:
        answered = sorted(set(journal.get(ticket.name, ())))
        stored = [job["id"] for job in jobs[ticket.name]]
        if answered != stored or len(answered) != 1:
            wrong.append(f"ticket {ticket.name}: jobs {answered} were accepted, there are {stored}")
        owners = {(job["user_id"], job["service"]) for job in jobs[ticket.name]}
        if owners - {(ticket.user, ticket.service)}:
            wrong.append(f"ticket {ticket.name}: stored for somebody else")
    return wrong + _told(acceptances.keeps_what_was_accepted(database))


def counts_right(database: Ledger) -> Violations:
    """I9: the counters are what one counts."""
    counted = _of_histories(database, moves.counts_losses)
    return _told([*counted, *shares.counts_right(database)])


def leaves_no_orphans(database: Ledger, data: Path) -> Violations:
    """I10: the database is sound, and every file of the server is one that it needs."""
    disk, counts = Disk(data=data), Counts()
    return _told(
        [
            *soundness.is_sound(database),
            *disk.left_half_way(database),
            *payloads.check(disk, database, counts),
            *results.check(disk, database, counts),
        ]
    )


def all_ended(database: Ledger) -> Violations:
    """I11: once the faults are over, every job comes to its end."""
    return [
        f"job {job['id']}: still {job['state']}"
        for job in database.execute("SELECT id, state FROM jobs WHERE finished_at IS NULL")
    ]


def reruns_only_what_was_lost(
    database: Ledger, lost: Collection[Attempt], *, launchers_died: bool = False
) -> Violations:
    """Attempted again, or given up, is only what had its supervisor killed: see ``lost``.

    A server or an agent that dies disturbs no job. A launcher that dies may at most keep an
    attempt from starting, if the one that takes its place dies as well.
    """
    return [
        f"job {event['job_id']}: attempt {event['attempt']} was given up: {event['detail']}"
        for event in database.execute("SELECT * FROM events WHERE event IN ('requeue', 'lose')")
        if (event["job_id"], event["attempt"]) not in lost
        if not (launchers_died and _never_started(event))
    ]


def story_of(database: Ledger, job_id: int) -> list[str]:
    """Return what the database has to say about a job, for a person who looks for the reason."""
    events = database.execute("SELECT * FROM events WHERE job_id = ? ORDER BY seq", (job_id,))
    return [" ".join(str(value) for value in tuple(event)) for event in events]


def _never_started(event: sqlite3.Row) -> bool:
    return event["from_state"] == JobState.ASSIGNED and "no supervisor" in event["detail"]


def _told(findings: Iterable[Finding]) -> Violations:
    """Return findings as lines; what an operator may wait for counts as well."""
    return [str(finding) for finding in findings]


def _of_histories(
    database: Ledger, *looks: Callable[[History], Iterable[Finding]]
) -> Iterator[Finding]:
    for history in moves.histories(database):
        for look in looks:
            yield from look(history)


def _archive(job: sqlite3.Row, data: Path) -> Path:
    name = f"{job['id']}-{job['attempt']}.zip"
    return data / "results" / f"{job['id'] // 1000:06}" / name


def _faults_of_archive(job: sqlite3.Row, data: Path) -> list[str]:
    """Compare with the record; every job that ended by itself has results."""
    record = Record._make(job[name] for name in Record._fields)
    fault = results.fault_of(_archive(job, data), record)
    return [fault] if fault else []


def _faults_of_content(job: sqlite3.Row, data: Path, ticket: Ticket) -> list[str]:
    """Compare what the job left, byte for byte."""
    with zipfile.ZipFile(_archive(job, data)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    return [
        f"{name} in its results is not what attempt {job['attempt']} wrote"
        for name, content in ticket.results(job["attempt"]).items()
        if found.get(name) != content
    ]


def _faults_of_status(job: sqlite3.Row, status: int) -> list[str]:
    expected = (JobState.FAILED if status else JobState.COMPLETED, status, None)
    found = (job["state"], job["exit_code"], job["signal"])
    return [] if found == expected else [f"ended as {found}, exited as {expected}"]
