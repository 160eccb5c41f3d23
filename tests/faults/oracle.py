"""What jobs write down themselves, outside of joborch, so that it can be compared with its word.

Every job has a ticket, chosen before it is submitted. Its script appends lines to a file of that
name: what happened, the job and the attempt it believes to be, and the CLOCK_BOOTTIME.
"""

import random
import shlex
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

START, END = "start", "end"
OUTPUT = "out.txt"

_SCRIPT = """\
mark() {{
  read -r up idle </proc/uptime
  printf '%s %s %s %s\\n' "$1" "$JOBORCH_JOB_ID" "$JOBORCH_ATTEMPT" "$up" >>{file}
}}
mark start
{stray}
sleep {nap_s:.3f}
{copy}
printf '%s' "{ticket} $JOBORCH_ATTEMPT" >{output}
mark end
exit {status}
"""
_STRAY = "setsid sleep 120 &"
_COPY = "cat bulk bulk >twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One job to be: whose it is, and what it is going to do."""

    name: str
    user: str
    service: str
    nap_s: float
    status: int
    """What its script exits with, unless somebody kills it."""
    leaves_stray: bool = False
    """Whether it leaves a process behind, in a session of its own."""
    bulk_bytes: int = 0
    """How large a file comes with it, to be found in its results twice."""

    def files(self, oracle: Path) -> dict[str, bytes]:
        """Return what is submitted; the script writes to a file in this directory."""
        return {"run.sh": self.script(oracle).encode()} | self._bulk("bulk", 1)

    def results(self, attempt: int) -> dict[str, bytes]:
        """Return what the attempt of this number leaves in its results."""
        return {OUTPUT: f"{self.name} {attempt}".encode()} | self._bulk("twice", 2)

    def script(self, oracle: Path) -> str:
        """Return its ``run.sh``, which writes to a file in this directory."""
        return _SCRIPT.format(
            file=shlex.quote(str(oracle / self.name)),
            copy=_COPY if self.bulk_bytes else ":",
            stray=_STRAY if self.leaves_stray else ":",
            nap_s=self.nap_s,
            ticket=self.name,
            output=OUTPUT,
            status=self.status,
        )

    def _bulk(self, name: str, times: int) -> dict[str, bytes]:
        if not self.bulk_bytes:
            return {}
        content = random.Random(self.name).randbytes(self.bulk_bytes)  # noqa: S311 - no secret
        return {name: content * times}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One line of a job."""

    ticket: str
    what: str
    job_id: int
    attempt: int
    at: float
    """Seconds of CLOCK_BOOTTIME, exact to a hundredth."""


def read_marks(oracle: Path) -> list[Mark]:
    """Return what all jobs wrote, each job's lines in their order."""
    return [mark for file in sorted(oracle.iterdir()) for mark in _marks_of(file)]


def by_attempt(marks: Iterable[Mark]) -> dict[tuple[int, int], list[str]]:
    """Return what each attempt, by job and number, wrote."""
    written: dict[tuple[int, int], list[str]] = defaultdict(list)
    for mark in marks:
        written[mark.job_id, mark.attempt].append(mark.what)
    return written


def _marks_of(file: Path) -> list[Mark]:
    lines = (line.split() for line in file.read_text().splitlines())
    return [
        Mark(ticket=file.name, what=what, job_id=int(job), attempt=int(number), at=float(at))
        for what, job, number, at in lines
    ]
