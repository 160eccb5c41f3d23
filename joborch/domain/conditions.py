"""What a filter can ask of a job, as values: to be answered here, or to be written as SQL.

Whatever is added here is added to ``server/store/filtering.py``; a test with random jobs compares
the answers of the two.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from joborch.domain.patterns import Pattern
from joborch.domain.states import JobState

Comparison = Callable[[Any, Any], Any]
COMPARISONS: Mapping[str, Comparison] = {
    ":": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class JobFacts(Protocol):
    """What is known of a job, by the names under which it crosses the wire."""

    id: int
    batch: str | None
    array_index: int | None
    user_id: str
    service: str
    name: str
    state: str
    priority: int
    agent: str | None
    tags: dict[str, str]
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    held_at: datetime | None
    exit_code: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class InStates:
    """It is in one of these states."""

    states: frozenset[JobState]

    def holds(self, job: JobFacts, now: datetime) -> bool:
        """Answer for one job."""
        return job.state in self.states


@dataclass(frozen=True, slots=True)
class IsHeld:
    """It waits for somebody to release it; no state, but a fact beside one."""

    def holds(self, job: JobFacts, now: datetime) -> bool:
        """Answer for one job."""
        return job.held_at is not None and job.state == JobState.QUEUED


@dataclass(frozen=True, slots=True)
class Reads:
    """One of its texts is there, and like this."""

    fact: Literal["user_id", "service", "name", "agent", "reason"]
    pattern: Pattern

    def holds(self, job: JobFacts, now: datetime) -> bool:
        """Answer for one job."""
        text: str | None = getattr(job, self.fact)
        return text is not None and self.pattern.matches(text)


@dataclass(frozen=True, slots=True)
class IsTagged:
    """It has this tag, with any value if that is None."""

    key: str
    value: str | None

    def holds(self, job: JobFacts, now: datetime) -> bool:
        """Answer for one job."""
        return self.key in job.tags and self.value in {None, job.tags[self.key]}


@dataclass(frozen=True, slots=True)
class HasId:
    """Its id is one of these."""

    ids: range

    def holds(self, job: JobFacts, now: datetime) -> bool:
        """Answer for one job."""
        return job.id in self.ids


@dataclass(frozen=True, slots=True)
class InBatch:
    """It is of this batch and, if any are named, has one of these indices."""

    number: int
    indices: tuple[range, ...] = ()

    def holds(self, job: JobFacts, now: datetime) -> bool:
        """Answer for one job."""
        is_meant = not self.indices or any(job.array_index in each for each in self.indices)
        return is_meant and job.batch == f"b-{self.number}"


@dataclass(frozen=True, slots=True)
class Counts:
    """One of its numbers is there, and so great."""

    fact: Literal["priority", "exit_code"]
    operator: str
    """Of :data:`COMPARISONS`."""
    number: int

    def holds(self, job: JobFacts, now: datetime) -> bool:
        """Answer for one job."""
        number: int | None = getattr(job, self.fact)
        return number is not None and bool(COMPARISONS[self.operator](number, self.number))


@dataclass(frozen=True, slots=True)
class Lasts:
    """So long ago was it submitted (``age``) or did it end, or so long has it run (``run``)."""

    fact: Literal["age", "run", "ended"]
    operator: str
    """Of :data:`COMPARISONS`."""
    span: timedelta

    def holds(self, job: JobFacts, now: datetime) -> bool:
        """Answer for one job."""
        begins = {"age": job.submitted_at, "run": job.started_at, "ended": job.finished_at}
        begin = begins[self.fact]
        end = (job.finished_at or now) if self.fact == "run" else now
        return begin is not None and bool(COMPARISONS[self.operator](end - begin, self.span))


Condition = InStates | IsHeld | Reads | IsTagged | HasId | InBatch | Counts | Lasts
