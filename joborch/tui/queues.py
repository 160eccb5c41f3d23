"""The lines of jobs that wait: which place each has among its user's jobs of its service.

The server's rule, on the jobs that the picture has: higher priority first, then the older. Who is
held, waits for other jobs or for a time stands in no line. A change costs as good as nothing, so
that lines of 100 000 jobs can be kept while hundreds change in a second.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from datetime import datetime
from heapq import heappop, heappush

from joborch.domain.states import JobState
from joborch.wire.jobs import JobView

_BETWEEN_PRIORITIES = 2**48
"""Ids are less than that."""
Line = tuple[str, str]


class Queues:
    """Every user's line for every service; the one who is next stands at a list's end."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._lines: dict[Line, list[int]] = {}
        self._later: dict[int, JobView] = {}
        self._moments: list[tuple[datetime, int]] = []

    def replace(self, jobs: Iterable[JobView]) -> None:
        """Have these in the lines and no others."""
        self._lines, self._later, self._moments = {}, {}, []
        for job in jobs:
            if _waits(job) and job.not_before is None:
                self._lines.setdefault(_line(job), []).append(_key(job))
            else:
                self.join(job)
        for line in self._lines.values():
            line.sort()

    def join(self, job: JobView) -> None:
        """Let a job stand in its line, if it waits for its turn."""
        if not _waits(job):
            return
        if job.not_before is None:
            insort(self._lines.setdefault(_line(job), []), _key(job))
        else:
            self._later[job.id] = job
            heappush(self._moments, (job.not_before, job.id))

    def leave(self, job: JobView) -> None:
        """Take a job out of its line, if it stood in one."""
        if not _waits(job) or self._later.pop(job.id, None) is not None:
            return
        line, key = self._lines.get(_line(job), []), _key(job)
        place = bisect_left(line, key)
        if line[place : place + 1] == [key]:
            del line[place]

    def place(self, job: JobView, now: datetime) -> int | None:
        """Return the job's place, 1 for who is next; None if it stands in no line."""
        self._let_in(now)
        if not _waits(job) or job.id in self._later:
            return None
        line, key = self._lines.get(_line(job), []), _key(job)
        place = bisect_left(line, key)
        return len(line) - place if line[place : place + 1] == [key] else None

    def _let_in(self, now: datetime) -> None:
        """Let those stand in their lines whose time has come."""
        while self._moments and self._moments[0][0] <= now:
            moment, job_id = heappop(self._moments)
            job = self._later.get(job_id)
            if job is not None and job.not_before == moment:
                del self._later[job_id]
                insort(self._lines.setdefault(_line(job), []), _key(job))


def _waits(job: JobView) -> bool:
    return job.state == JobState.QUEUED and job.held_at is None and not job.after_count


def _line(job: JobView) -> Line:
    return (job.service, job.user_id)


def _key(job: JobView) -> int:
    """Return a number that grows with the turn; one number, since there are many and often."""
    return job.priority * _BETWEEN_PRIORITIES - job.id
