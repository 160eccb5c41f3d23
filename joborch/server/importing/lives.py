"""What has happened to an imported job, as joborch would have recorded it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from joborch.domain.jobs import Job, JobChange
from joborch.domain.states import JobEvent, JobState
from joborch.server.importing.source import Original

_RAN = (JobEvent.ASSIGN,)
_EVENTS: dict[str, tuple[JobEvent, ...]] = {
    "completed": (*_RAN, JobEvent.COMPLETE),
    "cleaned": (*_RAN, JobEvent.COMPLETE),
    "failed": (*_RAN, JobEvent.FAIL),
    "unknown": (*_RAN, JobEvent.LOSE),
    "killed": (JobEvent.CANCEL,),
    "locked": (JobEvent.CANCEL,),
    "invalid": (JobEvent.REJECT,),
}
"""After the submission, by status. Of all others the end is not known: they are queued."""
_NOTES = {
    "failed": "failed at the original server",
    "unknown": "the original server lost sight of it",
    "killed": "ended on request at the original server",
    "locked": "was being ended on request at the original server",
    "invalid": "refused by the original's client",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A job as it is now, and how it came to be so."""

    job: Job
    changes: tuple[JobChange, ...]


def life_of(
    original: Original, *, payload_id: str, refused: str | None, max_attempts: int, at: datetime
) -> Life:
    """Retell a job's life; ``at`` is when it ended, if it did; ``refused`` why it cannot be run."""
    first = Job(
        id=original.id,
        user_id=original.user_id,
        service=original.service,
        name=original.service,
        state=JobState.QUEUED,
        payload_id=payload_id,
        max_attempts=max_attempts,
        submitted_at=original.created_at,
    )
    events, note = _EVENTS.get(original.status, ()), _NOTES.get(original.status)
    if not events and refused:
        events, note = (JobEvent.REJECT,), refused
    job, changes = first, []
    for event in events:
        change = (
            _assigned(job, at) if event is JobEvent.ASSIGN else job.after(event, at=at, note=note)
        )
        changes.append(change)
        job = change.after
    return Life(job=job, changes=tuple(changes))


def _assigned(job: Job, at: datetime) -> JobChange:
    """Tell of an attempt at one of the original's clients, which is no agent here."""
    change = replace(job, attempt=1, assigned_at=at).after(JobEvent.ASSIGN, at=at)
    return replace(change, before=job)
