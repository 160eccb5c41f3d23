"""A job, and a move of a job as a value: nothing here is stored yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from joborch.domain.agents import Demand
from joborch.domain.retries import LONGEST
from joborch.domain.states import JobEvent, JobState, advance

DEFAULT_PRIORITY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What a submission asks for, checked, before it has an id. One for each job of a batch."""

    user_id: str
    service: str
    name: str
    priority: int = DEFAULT_PRIORITY
    """0 to 100, higher first."""
    tags: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    demand: Demand = field(default_factory=Demand)
    time_limit: timedelta | None = None
    max_attempts: int = 3
    array_index: int | None = None
    is_held: bool = False
    not_before: datetime | None = None
    invalid_because: str | None = None
    """A reason why it can never run; such a job is stored and at once becomes invalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as it is recorded. Times are aware and UTC."""

    id: int
    user_id: str
    service: str
    name: str
    state: JobState
    payload_id: str
    priority: int = DEFAULT_PRIORITY
    attempt: int = 0
    """Grows with each assignment and never shrinks; 0 before the first."""
    max_attempts: int = 3
    losses: int = 0
    batch_id: int | None = None
    array_index: int | None = None
    agent_id: str | None = None
    """The agent that holds it, and only while one does."""
    last_agent_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    demand: Demand = field(default_factory=Demand)
    time_limit: timedelta | None = None
    submitted_at: datetime
    assigned_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    held_at: datetime | None = None
    hold_actor: str | None = None
    """Who had it held, as its history names them, and only while it is."""
    not_before: datetime | None = None
    cancel_requested_at: datetime | None = None
    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None
    """Why it ended as it did, or went back to the queue, where the state does not say it all."""
    results_bytes: int | None = None
    results_sha256: str | None = None
    results_removed_at: datetime | None = None
    gate_id: int | None = None
    """What it stands before, out of line, for as long as jobs that it waits for have not ended."""

    @property
    def has_results(self) -> bool:
        """Whether a ZIP is stored for it now."""
        return self.results_sha256 is not None and self.results_removed_at is None

    def has_to_wait(self, now: datetime) -> bool:
        """Whether its time has not come.

        Once it was attempted, it waits for no longer than a host's failure makes it; what seems
        longer is from before the clock was set back.
        """
        if self.not_before is None or self.not_before <= now:
            return False
        return self.attempt == 0 or self.not_before <= now + LONGEST

    @property
    def seen_at(self) -> datetime:
        """The newest time in its record: even where the clock was set back, what comes is later."""
        known = (self.submitted_at, self.assigned_at, self.started_at)
        return max(at for at in known if at is not None)

    def after(self, event: JobEvent, *, at: datetime, note: str | None = None) -> "JobChange":
        """Return the move that ``event`` makes.

        Raises:
            ImpossibleMoveError: if the job's state has no such move.
        """
        state = advance(self.state, event)
        after = replace(
            self,
            state=state,
            agent_id=self.agent_id if state.is_active else None,
            started_at=_started_at(self, event, at),
            finished_at=max(at, self.seen_at) if state.is_terminal else None,
            losses=self.losses + (event in LOSING),
            reason=note if event in SPEAKING or note is not None else self.reason,
            gate_id=None if state.is_terminal else self.gate_id,
        )
        return JobChange(before=self, after=after, event=event, at=at, note=note)


LOSING = frozenset({JobEvent.REQUEUE, JobEvent.LOSE})
SPEAKING = frozenset(JobEvent) - {JobEvent.START}
"""Events that say all there is to say about why: an older reason is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChange:
    """One move of one job."""

    before: Job
    after: Job
    event: JobEvent
    at: datetime
    note: str | None = None

    @property
    def frees_slot(self) -> bool:
        """Whether a slot of the user's quota becomes free."""
        return self.before.state.is_active and not self.after.state.is_active


def _started_at(job: Job, event: JobEvent, at: datetime) -> datetime | None:
    if event is JobEvent.START:
        return max(at, job.seen_at)
    if event is JobEvent.REQUEUE:
        return None
    return job.started_at
