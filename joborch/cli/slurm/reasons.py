"""Why jobs wait, in Slurm's words; of a line of jobs only the first are asked about."""

from collections.abc import Iterable, Sequence
from copy import copy
from itertools import groupby

from joborch.cli.options import Common
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.states import JobState
from joborch.wire.jobs import JobView

MOST_ASKED = 20
"""Requests; beyond, what is not known is that something else goes first."""
PRIORITY = "Priority"
WORDS = {
    "held": "JobHeldUser",
    "dependency": "Dependency",
    "not_before": "BeginTime",
    "next": "None",
}
"""What stands in the way of this one job alone."""
WORDS_OF_ALL = {
    "service_paused": "PartitionInactive",
    "quota_user": "QOSMaxJobsPerUserLimit",
    "quota_service": "QOSGrpJobsLimit",
    "batch_limit": "JobArrayTaskLimit",
    "no_agent": "ReqNodeNotAvail",
    "agent_full": "Resources",
}
"""What stands in the way of a whole line."""


def with_reasons(jobs: Sequence[JobView]) -> list[JobView]:
    """Return the jobs, those that wait with Slurm's word for why as their ``reason``."""
    waiting = [job for job in jobs if JobState(job.state) is JobState.QUEUED]
    if not waiting:
        return [*jobs]

    async def work(orchestrator: Orchestrator) -> dict[int, str]:
        return await _Asking(orchestrator).about(waiting)

    words = Session(Common()).run(work)
    return [_saying(job, words.get(job.id, job.reason)) for job in jobs]


class _Asking:
    """Asks the server about jobs that wait, as often as that is worth it."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._orchestrator = orchestrator
        self._words: dict[int, str] = {}
        self._asked = 0

    async def about(self, waiting: Iterable[JobView]) -> dict[int, str]:
        for _, line in groupby(sorted(waiting, key=_place), key=_line):
            await self._about_line([*line])
        return self._words

    async def _about_line(self, line: Sequence[JobView]) -> None:
        for_all: str | None = None
        for job in line:
            if job.held_at is not None:
                self._words[job.id] = WORDS["held"]
            elif for_all is not None:
                self._words[job.id] = for_all
            elif self._asked == MOST_ASKED:
                self._words[job.id] = PRIORITY
            else:
                self._words[job.id], for_all = await self._asked_about(job)

    async def _asked_about(self, job: JobView) -> tuple[str, str | None]:
        """Return the word for a job, and the one for all behind it, if that is known too."""
        self._asked += 1
        reason = (await self._orchestrator.explain(job.id)).reason or "next"
        if (word := WORDS_OF_ALL.get(reason)) is not None:
            return word, PRIORITY if reason == "agent_full" else word
        return WORDS.get(reason, reason), None


def _saying(job: JobView, reason: str | None) -> JobView:
    said = copy(job)
    said.reason = reason
    return said


def _line(job: JobView) -> tuple[str, str, str]:
    return job.service, job.user_id, job.batch or ""


def _place(job: JobView) -> tuple[tuple[str, str, str], int, int]:
    return _line(job), -job.priority, job.id
