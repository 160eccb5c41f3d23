"""``squeue`` and ``sacct``: jobs in Slurm's columns, as scripts read them."""

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NoReturn

from joborch.cli.exits import UsageError
from joborch.cli.slurm.columns import COLUMNS, FIELDS, filled, letters
from joborch.cli.slurm.errands import joborch, jobs_like, jobs_named, me, passing
from joborch.cli.slurm.flags import Parsed, parse, refusal
from joborch.cli.slurm.reasons import with_reasons
from joborch.cli.slurm.words import moment, states
from joborch.client import JobQuery
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.wire.jobs import JobView

SQUEUE = {
    "user": "-u= --user=",
    "me": "--me",
    "states": "-t= --states= --state=",
    "jobs": "-j= --jobs=",
    "names": "-n= --name=",
    "service": "-p= --partition=",
    "agent": "-w= --nodelist=",
    "headless": "-h --noheader",
    "format": "-o= --format=",
    "start": "--start",
    "interval": "-i= --iterate=",
    "usual": "-a --all -r --array",
}
SACCT = {
    "user": "-u= --user= --uid=",
    "everybody": "-a --allusers",
    "states": "-s= --state=",
    "jobs": "-j= --jobs=",
    "names": "--name=",
    "service": "-r= --partition=",
    "since": "-S= --starttime=",
    "until": "-E= --endtime=",
    "headless": "-n --noheader",
    "piped": "-P --parsable2",
    "trailing": "-p --parsable",
    "format": "-o= --format=",
    "usual": "-X --allocations -D --duplicates",
}
DEFAULT_FORMAT = "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R"
DEFAULT_FIELDS = "JobID,JobName,Partition,User,State,ExitCode"
SAYING_WHY = {"R", "r"}
WIDTH = 12


def squeue(words: Sequence[str]) -> int:
    """List jobs, by default all that have not ended."""
    given = parse("squeue", SQUEUE, words)
    if given.words:
        raise refusal("squeue", given.words[0], "squeue -j ID, or -u USER")
    if given.has("start"):
        return _handed_on(given)
    form = given.get("format") or DEFAULT_FORMAT
    if unknown := [letter for letter in letters(form) if letter not in COLUMNS]:
        raise refusal(
            "squeue", f"-o %{unknown[0]}", f"there are {' '.join(map('%{}'.format, COLUMNS))}"
        )
    if interval := given.get("interval"):
        return _list_again_and_again(given, form, _seconds(interval))
    _list(given, form)
    return 0


def _list_again_and_again(given: Parsed, form: str, interval_s: float) -> NoReturn:
    while True:
        _print(f"{datetime.now().astimezone():%a %b %d %H:%M:%S %Y}")
        _list(given, form)
        _print("")
        sys.stdout.flush()
        time.sleep(interval_s)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"squeue -i {text}: it is a number of seconds")
    return seconds


def _list(given: Parsed, form: str) -> None:
    jobs = _chosen("squeue", given, usual="active", user=me() if given.has("me") else None)
    jobs.sort(key=lambda j: (j.state != JobState.RUNNING, -j.priority, j.id))
    if SAYING_WHY & set(letters(form)):
        jobs = with_reasons(jobs)
    now = datetime.now(UTC)
    if not given.has("headless"):
        _print(filled(form, lambda letter: COLUMNS[letter][0]))
    for job in jobs:
        _print(filled(form, partial(_cell, job, now)))


def sacct(words: Sequence[str]) -> int:
    """List what became of jobs; by default of one's own since midnight."""
    given = parse("sacct", SACCT, words)
    if given.words:
        raise refusal("sacct", given.words[0], "sacct -j ID")
    names = _fields(given.get("format") or DEFAULT_FIELDS)
    user = None if any(map(given.has, ("everybody", "user", "jobs"))) else me()
    now = datetime.now(UTC)
    jobs = sorted(_chosen("sacct", given, usual=None, user=user), key=lambda job: job.id)
    if not given.has("headless"):
        _print(_row([FIELDS[name][0] for name in names], given))
        if not given.has("piped") and not given.has("trailing"):
            _print(_row(["-" * WIDTH for _ in names], given))
    for job in jobs:
        _print(_row([FIELDS[name][1](job, now) for name in names], given))
    return 0


def _handed_on(given: Parsed) -> int:
    """Do what ``squeue --start`` does, in joborch's own form."""
    if odd := [name for name in ("jobs", "names", "format") if given.has(name)]:
        flag = SQUEUE[odd[0]].split()[0].rstrip("=")
        raise refusal("squeue", f"{flag} with --start", "joborch status ID --why")
    user = me() if given.has("me") else given.get("user")
    scope = {
        "-u": user,
        "-s": given.get("service"),
        "--agent": given.get("agent"),
        "--state": states("squeue", given.get("states") or "PD"),
    }
    options = [word for option, value in scope.items() if value for word in (option, value)]
    everybody = [] if user else ["-A"]
    return joborch("status", "--why", *everybody, *options)


def _fields(text: str) -> list[str]:
    names = [name.partition("%")[0].lower() for name in text.split(",")]
    if unknown := [name for name in names if name not in FIELDS]:
        raise refusal("sacct", f"-o {unknown[0]}", f"there are {' '.join(FIELDS)}")
    return names


def _chosen(program: str, given: Parsed, *, usual: str | None, user: str | None) -> list[JobView]:
    """Return the jobs that the flags choose."""
    text = given.get("states")
    wanted = states(program, text) if text else None if given.has("jobs") else usual
    user, service, agent = given.get("user") or user, given.get("service"), given.get("agent")
    names = given.get("names")
    if numbers := given.get("jobs"):
        named = jobs_named(program, [numbers])
        return passing(named, user_id=user, service=service, agent=agent, state=wanted, name=names)
    now = datetime.now(UTC)
    since = given.get("since") or ("today" if program == "sacct" else None)
    query = JobQuery(
        user=user,
        service=service,
        agent=agent,
        state=wanted,
        since=moment("--starttime", since, now) if since else None,
        until=moment("--endtime", until, now) if (until := given.get("until")) else None,
    )
    return passing(jobs_like(query), name=names)


def _cell(job: JobView, now: datetime, letter: str) -> str:
    return COLUMNS[letter][1](job, now)


def _row(cells: list[str], given: Parsed) -> str:
    texts = [one_line(cell) for cell in cells]
    if given.has("piped") or given.has("trailing"):
        return "|".join(texts) + "|" * given.has("trailing")
    return " ".join(text[:WIDTH].rjust(WIDTH) for text in texts)


def _print(line: str) -> None:
    sys.stdout.write(f"{line.rstrip()}\n")
