"""Jobs on the wire: what ``/api/v1/jobs`` answers."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from joborch.domain.dependencies import Waited
from joborch.wire.services import PauseView
from joborch.wire.statistics import Estimate

if TYPE_CHECKING:
    from joborch.domain.jobs import Job


class ResultsView(msgspec.Struct, kw_only=True):
    """The ZIP that a job left."""

    size_bytes: int
    sha256: str
    removed_at: datetime | None = None
    """Set once retention has removed it; it cannot be fetched any more."""


class JobView(msgspec.Struct, kw_only=True):
    """One job. Times are RFC 3339 in UTC."""

    id: int
    batch: str | None
    """``b-31`` for a job of a batch."""
    array_index: int | None
    user_id: str
    service: str
    name: str
    state: str
    priority: int
    attempt: int
    max_attempts: int
    agent: str | None
    """The name of the agent that holds it, or held it last."""
    tags: dict[str, str]
    submitted_at: datetime
    assigned_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    held_at: datetime | None
    not_before: datetime | None
    cancel_requested_at: datetime | None
    time_limit_s: float | None
    exit_code: int | None
    signal: int | None
    reason: str | None
    """Why it ended as it did or went back to the queue, where the state does not say it all."""
    results: ResultsView | None
    after: list[int] = []
    """The jobs that it waits for now, or the first of them."""
    after_count: int = 0
    """How many there are in all."""
    hold_actor: str | None = None
    """Who had it held: ``user:ann``, or ``api`` for one who did not say; null if it is not held."""


class JobPage(msgspec.Struct, kw_only=True):
    """A page of jobs; ``next`` is the cursor of the following page."""

    schema: str = "joborch.jobs/1"
    items: list[JobView]
    total: int
    """How many jobs match, over all pages."""
    next: str | None = None


class SubmittedJob(msgspec.Struct, kw_only=True):
    """One job that a submission made, or found to exist already."""

    id: int
    state: str
    array_index: int | None = None
    duplicate: bool = False
    """True if the same submission, by its idempotency key, was accepted before."""
    position: int | None = None
    """As in ``Explanation``, where ``places`` were asked for; null for a job in no line."""


class Submitted(msgspec.Struct, kw_only=True):
    """The answer to a submission: all its jobs, in order."""

    schema: str = "joborch.submit/1"
    service: str
    user_id: str
    batch: str | None = None
    jobs: list[SubmittedJob]
    files: int
    size_bytes: int


class CancelRequest(msgspec.Struct, kw_only=True):
    """The optional body of a cancel."""

    reason: str | None = None
    grace_s: float | None = None
    """Between SIGTERM and SIGKILL; 0 kills at once. Default: the agent's."""


class FileView(msgspec.Struct, kw_only=True):
    """One file of a job."""

    name: str
    size_bytes: int
    kind: str
    """``input`` or ``result``."""
    crc32: int | None = None
    """Of what it contains; only of results."""


class FileList(msgspec.Struct, kw_only=True):
    """The files that were submitted, and those in the results."""

    schema: str = "joborch.files/1"
    items: list[FileView]


class Environment(msgspec.Struct, kw_only=True):
    """The variables that were submitted with a job; those that are secret are masked."""

    schema: str = "joborch.environment/1"
    env: dict[str, str]


class Awaited(msgspec.Struct, kw_only=True):
    """A job that another one waits for."""

    id: int
    state: str
    until: str
    """``completed``, or ``ended`` if it does not matter how."""


class Explanation(msgspec.Struct, kw_only=True):
    """Why a job is where it is, in numbers and in one sentence."""

    schema: str = "joborch.explain/1"
    job_id: int
    state: str
    reason: str | None
    """``service_paused quota_user quota_service batch_limit no_agent agent_full held
    dependency not_before next``, or null for a job that does not wait."""
    message: str
    user_active: int
    user_limit: int
    service_active: int
    service_limit: int | None
    position: int | None
    """1 for the first of this user's line for this service; null for a job that is held, or waits
    for others: it stands in none."""
    ahead: int | None
    """Jobs of the service, of all users, with a higher priority or the same and older."""
    held_by: list[int]
    """The jobs that hold the user's slots, oldest first."""
    agents: int
    """Live agents that offer the service."""
    free_slots: int
    """Theirs, for this service."""
    estimate: Estimate | None = None
    """When it starts, from now, if nothing else is submitted that goes first."""
    estimate_reason: str | None = None
    """Why nothing can be said of when it starts."""
    holders: list[int] = []
    """The jobs that hold what it waits for: the user's, the service's, or the agents' slots."""
    remedies: list[str] = []
    """What would let it start sooner, with the command for it."""
    after: list[Awaited] = []
    """The jobs that it waits for now, or the first of them."""
    after_count: int = 0
    """How many there are in all."""
    paused: PauseView | None = None
    """Not null: its service starts nothing at present, whatever else the job waits for."""


class Explanations(msgspec.Struct, kw_only=True):
    """Why several jobs are where they are, all of one moment."""

    schema: str = "joborch.explanations/1"
    items: list[Explanation]


def batch_name(batch_id: int | None) -> str | None:
    """Write a batch's id as people see it."""
    return None if batch_id is None else f"b-{batch_id}"


def view_of(job: "Job", agent_name: str | None = None, waited: Waited | None = None) -> JobView:
    """Show a job to the outside, with the jobs that it waits for."""
    waited = waited or Waited()
    return JobView(
        id=job.id,
        batch=batch_name(job.batch_id),
        array_index=job.array_index,
        user_id=job.user_id,
        service=job.service,
        name=job.name,
        state=job.state.value,
        priority=job.priority,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        agent=agent_name,
        tags=dict(job.tags),
        submitted_at=job.submitted_at,
        assigned_at=job.assigned_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        held_at=job.held_at,
        not_before=job.not_before,
        cancel_requested_at=job.cancel_requested_at,
        time_limit_s=job.time_limit.total_seconds() if job.time_limit else None,
        exit_code=job.exit_code,
        signal=job.signal,
        reason=job.reason,
        results=_results_of(job),
        after=list(waited.ids),
        after_count=waited.count,
        hold_actor=job.hold_actor,
    )


def _results_of(job: "Job") -> ResultsView | None:
    if job.results_sha256 is None or job.results_bytes is None:
        return None
    return ResultsView(
        size_bytes=job.results_bytes,
        sha256=job.results_sha256,
        removed_at=job.results_removed_at,
    )
