"""What Slurm's columns hold: the letters of ``squeue -o`` and the fields of ``sacct -o``."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from joborch.cli.job_table import running_s, why
from joborch.cli.slurm.words import code, elapsed
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.wire.jobs import JobView

_PLACE = re.compile(r"%(\.?)(\d*)([A-Za-z])")

Cell = Callable[[JobView, datetime], str]


def _time(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%dT%H:%M:%S}" if at else "N/A"


def _ran(job: JobView, now: datetime) -> str:
    return elapsed(running_s(job, now))


def _reason(job: JobView, now: datetime) -> str:
    if JobState(job.state) is JobState.QUEUED:
        return job.reason or "None"
    return why(job) or "None"


def _where(job: JobView, now: datetime) -> str:
    held_by = job.agent if JobState(job.state) is not JobState.QUEUED else None
    return held_by or f"({_reason(job, now)})"


def _limit(job: JobView, now: datetime) -> str:
    return elapsed(job.time_limit_s) if job.time_limit_s else "UNLIMITED"


def _exit(job: JobView, now: datetime) -> str:
    return f"{job.exit_code or 0}:{job.signal or 0}"


COLUMNS: Mapping[str, tuple[str, Cell]] = {
    "i": ("JOBID", lambda j, _: str(j.id)),
    "A": ("JOBID", lambda j, _: str(j.id)),
    "j": ("NAME", lambda j, _: j.name),
    "u": ("USER", lambda j, _: j.user_id),
    "P": ("PARTITION", lambda j, _: j.service),
    "t": ("ST", lambda j, _: code(j.state)),
    "T": ("STATE", lambda j, _: code(j.state, is_long=True)),
    "M": ("TIME", _ran),
    "l": ("TIME_LIMIT", _limit),
    "D": ("NODES", lambda j, _: "1"),
    "R": ("NODELIST(REASON)", _where),
    "r": ("REASON", _reason),
    "N": ("NODELIST", lambda j, _: j.agent or ""),
    "Q": ("PRIORITY", lambda j, _: str(j.priority)),
    "S": ("START_TIME", lambda j, _: _time(j.started_at)),
    "V": ("SUBMIT_TIME", lambda j, _: _time(j.submitted_at)),
    "K": ("ARRAY_TASK_ID", lambda j, _: "N/A" if j.array_index is None else str(j.array_index)),
}
"""What ``squeue -o`` may ask for."""
FIELDS: Mapping[str, tuple[str, Cell]] = {
    "jobid": ("JobID", COLUMNS["i"][1]),
    "jobidraw": ("JobIDRaw", COLUMNS["i"][1]),
    "jobname": ("JobName", COLUMNS["j"][1]),
    "partition": ("Partition", COLUMNS["P"][1]),
    "user": ("User", COLUMNS["u"][1]),
    "state": ("State", COLUMNS["T"][1]),
    "exitcode": ("ExitCode", _exit),
    "elapsed": ("Elapsed", _ran),
    "submit": ("Submit", COLUMNS["V"][1]),
    "start": ("Start", COLUMNS["S"][1]),
    "end": ("End", lambda j, _: _time(j.finished_at)),
    "nodelist": ("NodeList", COLUMNS["N"][1]),
    "priority": ("Priority", COLUMNS["Q"][1]),
}
"""What ``sacct -o`` may ask for."""


def letters(form: str) -> list[str]:
    """Return the letters of a format, in their order."""
    return [letter for *_, letter in _PLACE.findall(form)]


def filled(form: str, text_of: Callable[[str], str]) -> str:
    """Put texts in the places of a format, each by its letter."""
    return _PLACE.sub(lambda match: _cell(match, text_of(match[3])), form)


def _cell(match: "re.Match[str]", text: str) -> str:
    text, width = one_line(text), int(match[2] or 0)
    if not width:
        return text
    return text[:width].rjust(width) if match[1] else text[:width].ljust(width)
