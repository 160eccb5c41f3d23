"""What must be true of a site whatever was killed there: each function returns what is not.

They believe nobody's word: the server's database is read without the server, its files are hashed
again, what jobs wrote themselves is compared, and ``/proc`` is searched for what is left. Call them
after the server has been started once more and has ended.
"""

import hashlib
import sqlite3
import zipfile
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from joborch.domain.quotas import Limits
from joborch.domain.states import ACTIVE, TERMINAL, TRANSITIONS, JobEvent, JobFact, JobState
from tests.faults import killer
from tests.faults.killer import Attempt
from tests.faults.oracle import END, START, Mark, Ticket, by_attempt

Violations = list[str]
Database = sqlite3.Connection


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """Open a server's database for reading only."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        yield database


def ends_once(database: Database) -> Violations:
    """I1: a job that has ended has one event that ended it, and none that moves it after that."""
    wrong = []
    for job_id, moves in _moves(database).items():
        ends = [place for place, move in enumerate(moves) if move["to_state"] in TERMINAL]
        if len(ends) > 1:
            wrong.append(f"job {job_id}: ended {len(ends)} times")
        if ends and ends[0] != len(moves) - 1:
            wrong.append(f"job {job_id}: moved after its end")
    return wrong


def follows_the_table(database: Database) -> Violations:
    """I2: the events of a job are a path of the table, from nowhere to the state that it is in."""
    wrong = []
    moves = _moves(database)
    for job in database.execute("SELECT id, state FROM jobs"):
        state: JobState | None = None
        for move in moves.get(job["id"], []):
            step = f"{move['from_state']} --{move['event']}--> {move['to_state']}"
            expected = TRANSITIONS.get((state, JobEvent(move["event"])))
            if move["from_state"] != state or move["to_state"] != expected:
                wrong.append(f"job {job['id']}: {step} while it was {state}")
            state = JobState(move["to_state"])
        if state != job["state"]:
            wrong.append(f"job {job['id']}: is {job['state']}, by its events {state}")
    return wrong


def keeps_quotas(database: Database, quotas: Mapping[str, Limits]) -> Violations:
    """I3: at no event did a user, or all together, hold more of a service than its quota."""
    wrong = []
    active: Counter[tuple[str, str]] = Counter()
    for event in database.execute(
        "SELECT e.seq, e.from_state, e.to_state, j.service, j.user_id"
        " FROM events e JOIN jobs j ON j.id = e.job_id ORDER BY e.seq"
    ):
        limits = quotas[event["service"]]
        change = (event["to_state"] in ACTIVE) - (event["from_state"] in ACTIVE)
        for user, limit in ((event["user_id"], limits.per_user), ("", limits.total)):
            active[event["service"], user] += change
            if change > 0 and limit is not None and active[event["service"], user] > limit:
                held = f"{active[event['service'], user]} of {limit}"
                wrong.append(f"event {event['seq']}: {event['service']}/{user or '*'} has {held}")
    return wrong


def publishes_what_ran(
    database: Database, data: Path, tickets: Iterable[Ticket], *, disturbed: Collection[Attempt]
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
    database: Database, marks: Iterable[Mark], *, disturbed: Collection[Attempt]
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
    database: Database, tickets: Iterable[Ticket], journal: Mapping[str, Collection[int]]
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
    return wrong


def counts_right(database: Database) -> Violations:
    """I9: the counters are what one counts."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for job in database.execute("SELECT service, user_id, state FROM jobs"):
        kind = "active" if job["state"] in ACTIVE else str(job["state"])
        for user in (job["user_id"], ""):
            counted[job["service"], user, kind] += 1
    return [
        f"usage of {row['service']}/{row['user_id'] or '*'}: {row[kind]} {kind}, counted {count}"
        for row in database.execute("SELECT * FROM usage")
        for kind in ("active", "queued")
        if (count := counted[row["service"], row["user_id"], kind]) != row[kind]
    ]


def leaves_no_orphans(database: Database, data: Path) -> Violations:
    """I10: the database is sound, and every file of the server is one that it needs."""
    found = [row[0] for row in database.execute("PRAGMA integrity_check")]
    wrong = [f"database: {fault}" for fault in found if fault != "ok"]
    wrong += [f"database: {tuple(row)}" for row in database.execute("PRAGMA foreign_key_check")]
    for room in ("staging", "incoming", "trash"):
        wrong += [f"{room}: {path.name} is left" for path in sorted((data / room).iterdir())]
    ids = {row[0] for row in database.execute("SELECT id FROM payloads WHERE removed_at IS NULL")}
    wrong += _differences("payloads", {path.name for path in data.glob("payloads/*/*")}, ids)
    kept = database.execute("SELECT id, attempt FROM jobs WHERE results_sha256 IS NOT NULL")
    names = {f"{row['id']}-{row['attempt']}.zip" for row in kept}
    return wrong + _differences("results", {path.name for path in data.glob("results/*/*")}, names)


def all_ended(database: Database) -> Violations:
    """I11: once the faults are over, every job comes to its end."""
    return [
        f"job {job['id']}: still {job['state']}"
        for job in database.execute("SELECT id, state FROM jobs WHERE finished_at IS NULL")
    ]


def reruns_only_what_was_lost(
    database: Database, lost: Collection[Attempt], *, launchers_died: bool = False
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


def story_of(database: Database, job_id: int) -> list[str]:
    """Return what the database has to say about a job, for a person who looks for the reason."""
    events = database.execute("SELECT * FROM events WHERE job_id = ? ORDER BY seq", (job_id,))
    return [" ".join(str(value) for value in tuple(event)) for event in events]


def _never_started(event: sqlite3.Row) -> bool:
    return event["from_state"] == JobState.ASSIGNED and "no supervisor" in event["detail"]


def _moves(database: Database) -> dict[int, list[sqlite3.Row]]:
    """Return each job's events that moved it, in their order."""
    moves: dict[int, list[sqlite3.Row]] = defaultdict(list)
    facts = {fact.value for fact in JobFact}
    for event in database.execute("SELECT * FROM events ORDER BY seq"):
        if event["event"] not in facts:
            moves[event["job_id"]].append(event)
    return moves


def _archive(job: sqlite3.Row, data: Path) -> Path:
    name = f"{job['id']}-{job['attempt']}.zip"
    return data / "results" / f"{job['id'] // 1000:06}" / name


def _faults_of_archive(job: sqlite3.Row, data: Path) -> list[str]:
    archive = _archive(job, data)
    if not archive.exists():
        return [f"{job['state']} without results"]
    content = archive.read_bytes()
    if len(content) != job["results_bytes"]:
        return [f"{job['results_bytes']} bytes of results recorded, {len(content)} stored"]
    if hashlib.sha256(content).hexdigest() != job["results_sha256"]:
        return ["other results are stored than recorded"]
    return []


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


def _differences(what: str, found: set[str], wanted: set[str]) -> Violations:
    left = [f"{what}: {name} belongs to nobody" for name in sorted(found - wanted)]
    return left + [f"{what}: {name} is missing" for name in sorted(wanted - found)]
