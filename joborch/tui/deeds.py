"""What can be done to jobs, as data: which jobs it suits, what it does, and what is sent.

Knows no screen and no connection.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from joborch.domain.states import JobState
from joborch.wire.actions import (
    CancelJobs,
    HoldJobs,
    JobAction,
    JobChanges,
    ReleaseJobs,
    RetryJobs,
    SetJobs,
)
from joborch.wire.jobs import JobView

MANY = 20
"""Nothing is done to more jobs than this, or to those of others, before their number was typed."""
LOWEST, HIGHEST = 0, 100
_ONLY_WHAT_WAITS = "it does not wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that can be done to any number of jobs."""

    verb: str
    """As in ``Cancel 2 jobs?``"""
    done: str
    """As in ``cancelled 2 jobs``."""
    effect: str
    """What a person should know before."""
    suits: Callable[[JobView], bool]
    unfit: str
    """Why there is nothing to do where it suits no job."""
    actions: Callable[[Sequence[JobView]], list[JobAction]]
    """What is sent."""
    asks_from: int = MANY + 1
    """A person is asked first if it is about so many jobs."""
    is_relative: bool = False
    """Whether what is sent depends on how the jobs are by then, not only on which they are."""
    ended: str = "already ended"
    """What is said of a job that was left out because it has ended."""


def _waits(job: JobView) -> bool:
    return job.state == JobState.QUEUED


def _has_ended(job: JobView) -> bool:
    return JobState(job.state).is_terminal


def _ids(jobs: Sequence[JobView]) -> list[int]:
    return [job.id for job in jobs]


CANCEL = Deed(
    verb="cancel",
    done="cancelled",
    effect="What runs gets SIGTERM, and SIGKILL later. This cannot be undone.",
    suits=lambda job: not _has_ended(job),
    unfit="it has ended",
    actions=lambda jobs: [CancelJobs(ids=_ids(jobs))],
    asks_from=1,
)
HOLD = Deed(
    verb="hold",
    done="held",
    effect="They wait until they are released. What runs goes on.",
    suits=lambda job: _waits(job) and not job.held_at,
    unfit=f"{_ONLY_WHAT_WAITS}, or is held",
    actions=lambda jobs: [HoldJobs(ids=_ids(jobs))],
)
RELEASE = Deed(
    verb="release",
    done="released",
    effect="They take their places in the line again.",
    suits=lambda job: _waits(job) and bool(job.held_at),
    unfit="it is not held",
    actions=lambda jobs: [ReleaseJobs(ids=_ids(jobs))],
)
RETRY = Deed(
    verb="retry",
    done="retried",
    effect="Each becomes a new job with the same files; the old ones stay as they are.",
    suits=lambda job: _has_ended(job) and job.state != JobState.COMPLETED,
    unfit="it has not failed; `joborch retry --completed` does what completed again",
    actions=lambda jobs: [RetryJobs(ids=_ids(jobs))],
    asks_from=2,
    ended="completed",
)
DEEDS = {deed.verb: deed for deed in (CANCEL, RETRY, HOLD, RELEASE)}


def set_priority(priority: int) -> Deed:
    """Return the deed that gives jobs a priority."""
    given = f"priority {priority} to"
    return _prioritise(f"give {given}", f"gave {given}", lambda _: priority)


def no_priority(typed: str) -> str | None:
    """Say why what was typed is no priority, or None if it is one."""
    is_one = typed.isascii() and typed.isdigit() and LOWEST <= int(typed) <= HIGHEST
    return None if is_one else f"A whole number from {LOWEST} to {HIGHEST}."


def nudge(by: int) -> Deed:
    """Return the deed that changes each job's own priority, within the limits."""
    verb, done = ("raise", "raised") if by > 0 else ("lower", "lowered")
    of = "the priority of"
    return _prioritise(
        f"{verb} {of}", f"{done} {of}", lambda job: max(LOWEST, min(job.priority + by, HIGHEST))
    )


def _prioritise(verb: str, done: str, priority: Callable[[JobView], int]) -> Deed:
    def actions(jobs: Sequence[JobView]) -> list[JobAction]:
        by_priority: dict[int, list[int]] = defaultdict(list)
        for job in jobs:
            by_priority[priority(job)].append(job.id)
        return [
            SetJobs(ids=ids, changes=JobChanges(priority=value))
            for value, ids in sorted(by_priority.items())
        ]

    return Deed(
        verb=verb,
        done=done,
        effect="Higher goes first. What does not wait any more stays as it is.",
        suits=_waits,
        unfit=_ONLY_WHAT_WAITS,
        actions=actions,
        is_relative=True,
    )
