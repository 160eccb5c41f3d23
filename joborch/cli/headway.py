"""How far a wait has come, in a line: how many are done, what the others do, and when all are."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from joborch.cli.forecasts import in_short
from joborch.cli.job_table import MARKS
from joborch.client.waiting import is_settled
from joborch.domain.estimates import Estimate, until_empty
from joborch.domain.selectors import spelt
from joborch.domain.states import JobState
from joborch.wire.jobs import JobView
from joborch.wire.statistics import estimate_of

BAR_CELLS = 10
LONGEST_LABEL = 20
SHOWN = (
    JobState.RUNNING,
    JobState.FAILED,
    JobState.TIMED_OUT,
    JobState.LOST,
    JobState.CANCELLED,
    JobState.INVALID,
)
"""What the bar counts: the others wait or are well."""


class Headway:
    """What is known of the jobs that are waited for, and since when."""

    def __init__(
        self,
        job_ids: Sequence[int],
        *,
        until: Collection[JobState],
        ends_with_first: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know nothing yet; ``clock`` counts seconds, ``ends_with_first`` makes it a short wait."""
        self.known: dict[int, JobView] = {}
        self._job_ids = job_ids
        self._until = until
        self._ends_with_first = ends_with_first
        self._clock = clock
        self._begun_s = 0.0
        self._settled_before = 0

    def note(self, job: JobView) -> None:
        """Take in how a job is; once all of them are known, the count begins."""
        was_complete = self.is_complete
        self.known[job.id] = job
        if self.is_complete and not was_complete:
            self._begun_s, self._settled_before = self._clock(), self.settled

    @property
    def is_complete(self) -> bool:
        """Whether every job was heard of."""
        return len(self.known) >= len(self._job_ids)

    @property
    def states(self) -> Counter[str]:
        """How many jobs there are in each state."""
        return Counter(job.state for job in self.known.values())

    @property
    def settled(self) -> int:
        """How many jobs need not be waited for any more."""
        return sum(is_settled(job, self._until) for job in self.known.values())

    @property
    def eta(self) -> Estimate | None:
        """When all of them are settled, at the pace since the wait began; None: nobody can say.

        That pace knows nothing of a job that is held or put off, nor of which one is the first.
        """
        left = [job for job in self.known.values() if not is_settled(job, self._until)]
        stays = any(_stands_aside(job) for job in left)
        if not left or not self.is_complete or self._ends_with_first or stays:
            return None
        found = until_empty(
            unfinished=len(left),
            ended=self.settled - self._settled_before,
            over_s=self._clock() - self._begun_s,
        )
        return found if isinstance(found, Estimate) else None

    def bar(self) -> str:
        """Write ``b-31 ███████░░░ 120/250 · 5▶ · 3✗ · ETA 42m``."""
        settled, jobs = self.settled, len(self._job_ids)
        full = BAR_CELLS * settled // jobs
        bar = f"{'█' * full}{'░' * (BAR_CELLS - full)} {settled}/{jobs}"
        return " · ".join([f"{self._label()} {bar}".lstrip(), *self._counts(), *self._outlook()])

    def words(self) -> str:
        """Write ``3 failed, 5 running · ETA 42m``."""
        counts = ", ".join(f"{number} {state}" for state, number in sorted(self.states.items()))
        return " · ".join([counts, *self._outlook()])

    def _label(self) -> str:
        batches = {job.batch for job in self.known.values()}
        if len(batches) == 1 and (batch := batches.pop()):
            return batch
        ids = spelt(sorted(self._job_ids))
        return ids if len(ids) <= LONGEST_LABEL else ""

    def _counts(self) -> Iterator[str]:
        states = self.states
        for state in SHOWN:
            if states[state]:
                yield f"{states[state]}{MARKS[state][0]}"

    def _outlook(self) -> Iterator[str]:
        if (eta := self.eta) is not None:
            yield f"ETA {in_short(estimate_of(eta))}"


def _stands_aside(job: JobView) -> bool:
    is_put_off = job.not_before is not None and not job.attempt
    return JobState(job.state) is JobState.QUEUED and (job.held_at is not None or is_put_off)
