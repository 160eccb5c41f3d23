"""In which order jobs are listed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from joborch.domain.states import JobState
from joborch.tui.formatting import running_s
from joborch.tui.look import utc_now
from joborch.wire.jobs import JobView

_RANKS: dict[str, int] = {JobState.RUNNING: 0, JobState.ASSIGNED: 1, JobState.QUEUED: 2}
_ENDED = 3
_BETWEEN_RANKS = 2**63
"""Ids are less than half of it."""


def _by_state(job: JobView) -> int:
    """Running first, then what waits, oldest first; then what has ended, newest first.

    One number: many jobs are sorted by it, and often.
    """
    rank = _RANKS.get(job.state, _ENDED)
    return rank * _BETWEEN_RANKS + (-job.id if rank == _ENDED else job.id)


KEYS: dict[str, Callable[[JobView], Any]] = {
    "id": lambda job: job.id,
    "state": _by_state,
    "name": lambda job: (job.name, job.id),
    "service": lambda job: (job.service, job.id),
    "user": lambda job: (job.user_id, job.id),
    "priority": lambda job: (job.priority, job.id),
    "age": lambda job: (-job.submitted_at.timestamp(), job.id),
    "run": lambda job: (running_s(job, utc_now()) or 0.0, job.id),
    "agent": lambda job: (job.agent or "", job.id),
}


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by, and which way."""

    column: str = "state"
    is_reversed: bool = False

    def then(self, column: str) -> "Order":
        """Return the order after its column, or another, was chosen: the same one turns round."""
        return Order(column, column == self.column and not self.is_reversed)

    def sorted(self, jobs: Iterable[JobView]) -> list[int]:
        """Return the jobs' ids in this order."""
        found = sorted(jobs, key=KEYS[self.column], reverse=self.is_reversed)
        return [job.id for job in found]
