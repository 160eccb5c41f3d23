"""What became of jobs, as an exit code."""

from collections.abc import Iterable

from joborch.cli import exits
from joborch.domain.states import JobState
from joborch.wire.jobs import JobView

CODES = {
    JobState.FAILED: exits.FAILED,
    JobState.TIMED_OUT: exits.FAILED,
    JobState.LOST: exits.FAILED,
    JobState.CANCELLED: exits.CANCELLED,
    JobState.INVALID: exits.INVALID,
}
WORST_FIRST = (exits.FAILED, exits.INVALID, exits.CANCELLED)


def is_bad(job: JobView) -> bool:
    """Whether the job ended, but not well."""
    return JobState(job.state) in CODES


def exit_code(jobs: Iterable[JobView]) -> int:
    """Return 0 if all completed, 8 if some have not ended, else the worst of 10, 12, 11."""
    states = {JobState(job.state) for job in jobs}
    codes = {CODES[state] for state in states if state in CODES}
    for code in WORST_FIRST:
        if code in codes:
            return code
    return 0 if all(state.is_terminal for state in states) else exits.NOT_FINISHED


def own_status(job: JobView) -> int:
    """Return the job's own exit status, as a shell would; else its state's exit code."""
    if job.signal is not None:
        return 128 + job.signal
    if job.exit_code is not None:
        return job.exit_code
    return exit_code([job])


def verdict(job: JobView) -> str:
    """Say how a job stands, in a few words: ``failed (exit 1)``."""
    words = job.state.replace("_", " ")
    if job.state == JobState.QUEUED and job.held_at:
        return "held"
    if job.state == JobState.FAILED and job.signal is not None:
        return f"{words} (signal {job.signal})"
    if job.state == JobState.FAILED and job.exit_code is not None:
        return f"{words} (exit {job.exit_code})"
    return f"{words} ({job.reason})" if job.reason and is_bad(job) else words
