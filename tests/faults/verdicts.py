"""What must come of a report, and of a lease that is lost: the rules, without the server's code."""

from joborch.domain.jobs import Job
from joborch.domain.states import JobState


def after_loss(job: Job) -> JobState:
    """What becomes of a job of whose attempt nothing will come."""
    if job.cancel_requested_at:
        return JobState.CANCELLED
    return JobState.LOST if job.attempt >= job.max_attempts else JobState.QUEUED


def after_report(job: Job, outcome: str) -> JobState:
    """What becomes of a job whose holder reports the outcome."""
    if outcome == "lost" or (outcome == "cancelled" and not job.cancel_requested_at):
        return after_loss(job)
    if outcome == "invalid" and job.state is JobState.RUNNING:
        return JobState.FAILED
    return JobState(outcome)


def verdict(
    job: Job, outcome: str, *, attempt: int, is_holder: bool, is_newest_token: bool
) -> tuple[str, JobState]:
    """What a report is answered, and what its job is then."""
    if attempt != job.attempt or not is_holder or not is_newest_token:
        return "discard", job.state
    if job.state.is_terminal:
        return "already_recorded", job.state
    if job.state is JobState.QUEUED and outcome in {"lost", "cancelled"}:
        return "already_recorded", job.state
    return "recorded", after_report(job, outcome)
