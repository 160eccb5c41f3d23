"""What must be true of jobs that wait for others, told from what was asked for and what became."""

from collections.abc import Iterator, Mapping

from joborch.domain.dependencies import EndKind
from joborch.domain.jobs import Job
from joborch.domain.states import JobState

Wants = Mapping[int, Mapping[int, EndKind]]
"""By the job that waits: those that it waits for, and for which end of each."""


def wrong_waits(jobs: Mapping[int, Job], wants: Wants) -> Iterator[str]:
    """Say of each job that waits, or did, whether it is where the others' ends have put it."""
    for job_id, members in wants.items():
        job = jobs[job_id]
        ends = [(jobs[one].state, kind) for one, kind in members.items()]
        left = [state for state, _ in ends if not state.is_terminal]
        vain = [s for s, kind in ends if s.is_terminal and not kind.is_met_by(s)]
        if vain and job.state is not JobState.CANCELLED:
            yield f"job {job_id} is {job.state}, and what it waits for is {vain[0]}"
        elif left and not vain and not _waits(job):
            yield f"job {job_id} is {job.state}, and what it waits for is {left[0]}"
        elif not left and job.gate_id is not None:
            yield f"job {job_id} waits, and there is nothing left to wait for"


def _waits(job: Job) -> bool:
    is_kept = job.state is JobState.QUEUED and job.gate_id is not None
    return job.attempt == 0 and (is_kept or job.state is JobState.CANCELLED)
