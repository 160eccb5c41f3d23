"""What must be true of a server's data at any time, and what an audit may find of it."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

MOST_LISTED = 1000
"""Of one invariant; what is found beyond is only counted, so that memory stays bounded."""


class Invariant(StrEnum):
    """The invariants by their names; what each says is in ``STATEMENTS``."""

    I1 = "I1"
    I2 = "I2"
    I3 = "I3"
    I4 = "I4"
    I5 = "I5"
    I6 = "I6"
    I7 = "I7"
    I8 = "I8"
    I9 = "I9"
    I10 = "I10"
    I11 = "I11"


STATEMENTS = {
    Invariant.I1: "a job ends once, and nothing moves it after that",
    Invariant.I2: "a job's events lead, by the table of states, to where it is",
    Invariant.I3: "no user, service or batch ever held more than its limit",
    Invariant.I4: "attempts count up by one, and the newest ended the job",
    Invariant.I5: "results are stored as they were recorded",
    Invariant.I6: "an attempt runs once, and never beside another of its job",
    Invariant.I7: "nothing that an ended job started is alive",
    Invariant.I8: "what was accepted is there, exactly once",
    Invariant.I9: "counters are what one counts",
    Invariant.I10: "the database is sound, and needs every file and has it",
    Invariant.I11: "every job comes to its end",
}

ELSEWHERE = {
    Invariant.I6: "only the agents' hosts know",
    Invariant.I7: "only the agents' hosts know",
}
"""Why the server's data says nothing about an invariant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it must be; ``str`` of it is a line for people."""

    invariant: Invariant
    message: str
    job_id: int | None = None
    remedy: str = ""
    is_note: bool = False
    """It may well be in order, or will be without anybody's doing: no violation."""

    def __str__(self) -> str:
        """Say what is wrong, and with which job."""
        return self.message if self.job_id is None else f"job {self.job_id}: {self.message}"


@dataclass(slots=True)
class Counts:
    """How much was looked at."""

    jobs: int = 0
    unfinished: int = 0
    events: int = 0
    payloads: int = 0
    archives: int = 0
    hashed_bytes: int = 0


@dataclass(slots=True, kw_only=True)
class Audit:
    """What an audit has found so far."""

    data: Path
    database: Path
    server: str | None = None
    """Who holds the data directory; None if no server runs."""
    counts: Counts = field(default_factory=Counts)
    violations: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    found: Counter[Invariant] = field(default_factory=Counter)
    """How many violations there are; more, perhaps, than are listed."""
    unseen: dict[Invariant, str] = field(default_factory=lambda: dict(ELSEWHERE))
    """Invariants that were not checked, or not whole, and why."""
    _noted: Counter[Invariant] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Whether nothing that was looked at violates an invariant."""
        return not self.found

    def add(self, finding: Finding) -> None:
        """Take one more finding, as long as there are not too many."""
        counter = self._noted if finding.is_note else self.found
        counter[finding.invariant] += 1
        if counter[finding.invariant] <= MOST_LISTED:
            (self.notes if finding.is_note else self.violations).append(finding)
