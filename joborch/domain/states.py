"""The life of a job: its states, the events that move it, and the only table that says how.

Every other module asks this one; the diagram in ``docs/states.md`` is generated from the table.
Who may cause an event, and under which guard, is the business of ``store/jobs.py``.
"""

from enum import StrEnum

from joborch.domain.errors import JoborchError


class JobState(StrEnum):
    """Where a job is. Requests beside the state (a cancel, a hold) are timestamps on the job."""

    QUEUED = "queued"
    """Accepted and waiting, perhaps held."""
    ASSIGNED = "assigned"
    """Leased to an agent that has not said yet that it started."""
    RUNNING = "running"
    """``run.sh`` has started."""
    COMPLETED = "completed"
    """Exit status 0, results stored."""
    FAILED = "failed"
    """Another exit status or a signal, results stored."""
    TIMED_OUT = "timed_out"
    """Its time limit ran out, results so far stored."""
    CANCELLED = "cancelled"
    """Ended at someone's request, results so far stored."""
    INVALID = "invalid"
    """Cannot be run at all; the reason is stored."""
    LOST = "lost"
    """Hosts failed under it more often than allowed."""

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended for good: no event leads out of such a state."""
        return self in TERMINAL

    @property
    def is_active(self) -> bool:
        """Whether an agent holds the job, and so a slot of its user's quota."""
        return self in ACTIVE


class JobEvent(StrEnum):
    """What can happen to a job."""

    SUBMIT = "submit"
    ASSIGN = "assign"
    START = "start"
    COMPLETE = "complete"
    FAIL = "fail"
    TIME_OUT = "time_out"
    CANCEL = "cancel"
    REJECT = "reject"
    REQUEUE = "requeue"
    GIVE_BACK = "give_back"
    """Its agent cannot take it at present and has not tried; not one of its attempts."""
    LOSE = "lose"


class JobFact(StrEnum):
    """What is recorded of a job without moving it."""

    CANCEL_REQUESTED = "cancel_requested"
    HELD = "held"
    RELEASED = "released"
    READY = "ready"
    """The jobs that it waited for have ended as they were to: it stands in line."""
    CHANGED = "changed"
    """What was asked for differs from now on; the detail has each value, old and new."""
    RETRIED = "retried"
    """It was submitted again, as the job that the detail names."""
    REOFFERED = "reoffered"
    RESULTS_REMOVED = "results_removed"


TRANSITIONS: dict[tuple[JobState | None, JobEvent], JobState] = {
    (None, JobEvent.SUBMIT): JobState.QUEUED,
    (JobState.QUEUED, JobEvent.ASSIGN): JobState.ASSIGNED,
    (JobState.QUEUED, JobEvent.CANCEL): JobState.CANCELLED,
    (JobState.QUEUED, JobEvent.REJECT): JobState.INVALID,
    # A report that comes after the job went back to the queue: its last holder may still settle it.
    (JobState.QUEUED, JobEvent.COMPLETE): JobState.COMPLETED,
    (JobState.QUEUED, JobEvent.FAIL): JobState.FAILED,
    (JobState.QUEUED, JobEvent.TIME_OUT): JobState.TIMED_OUT,
    (JobState.ASSIGNED, JobEvent.START): JobState.RUNNING,
    (JobState.ASSIGNED, JobEvent.COMPLETE): JobState.COMPLETED,
    (JobState.ASSIGNED, JobEvent.FAIL): JobState.FAILED,
    (JobState.ASSIGNED, JobEvent.TIME_OUT): JobState.TIMED_OUT,
    (JobState.ASSIGNED, JobEvent.CANCEL): JobState.CANCELLED,
    (JobState.ASSIGNED, JobEvent.REJECT): JobState.INVALID,
    (JobState.ASSIGNED, JobEvent.REQUEUE): JobState.QUEUED,
    (JobState.ASSIGNED, JobEvent.GIVE_BACK): JobState.QUEUED,
    (JobState.ASSIGNED, JobEvent.LOSE): JobState.LOST,
    (JobState.RUNNING, JobEvent.COMPLETE): JobState.COMPLETED,
    (JobState.RUNNING, JobEvent.FAIL): JobState.FAILED,
    (JobState.RUNNING, JobEvent.TIME_OUT): JobState.TIMED_OUT,
    (JobState.RUNNING, JobEvent.CANCEL): JobState.CANCELLED,
    (JobState.RUNNING, JobEvent.REQUEUE): JobState.QUEUED,
    (JobState.RUNNING, JobEvent.LOSE): JobState.LOST,
}

ACTIVE = frozenset({JobState.ASSIGNED, JobState.RUNNING})
TERMINAL = frozenset(JobState) - ACTIVE - {JobState.QUEUED}
WITH_RESULTS = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.TIMED_OUT})
"""In these a job ends by its agent's report only, and that brings the results if there are any."""
BAD = frozenset({JobState.FAILED, JobState.TIMED_OUT, JobState.INVALID, JobState.LOST})
RETRIABLE = frozenset({JobState.FAILED, JobState.TIMED_OUT, JobState.CANCELLED, JobState.LOST})
"""What ended so could end better; ``completed`` may be asked for, ``invalid`` can never run."""

GROUPS: dict[str, frozenset[JobState]] = {
    "active": frozenset(JobState) - TERMINAL,
    "waiting": frozenset({JobState.QUEUED}),
    "done": TERMINAL,
    "bad": BAD | {JobState.CANCELLED},
}
"""Words accepted wherever a state is; see :func:`states_named`."""

HELD = "held"
"""Asked for like a state, of jobs that wait to be released; no state, but a fact beside one."""

SLURM_CODES = {
    "PD": JobState.QUEUED,
    "CF": JobState.ASSIGNED,
    "R": JobState.RUNNING,
    "CD": JobState.COMPLETED,
    "F": JobState.FAILED,
    "OOM": JobState.FAILED,
    "TO": JobState.TIMED_OUT,
    "CA": JobState.CANCELLED,
    "BF": JobState.INVALID,
    "NF": JobState.LOST,
}
"""What people who know Slurm type; accepted too, and never printed for a state of ours."""


class ImpossibleMoveError(JoborchError):
    """The table has no such move; the job is unchanged."""

    code = "impossible_move"


def advance(state: JobState | None, event: JobEvent) -> JobState:
    """Return the state that ``event`` leads to.

    Raises:
        ImpossibleMoveError: if the table has no such move.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ImpossibleMoveError(f"a job that is {state or 'new'} cannot {event}") from None


def sources_of(event: JobEvent) -> frozenset[JobState]:
    """Return the states in which ``event`` may happen to an existing job."""
    return frozenset(s for (s, e) in TRANSITIONS if e is event and s is not None)


def states_named(word: str) -> frozenset[JobState]:
    """Return the states that a state's or a group's name stands for; ``KeyError`` if none."""
    if word in GROUPS:
        return GROUPS[word]
    if (code := word.upper()) in SLURM_CODES:
        return frozenset({SLURM_CODES[code]})
    try:
        return frozenset({JobState(word)})
    except ValueError:
        raise KeyError(word) from None


def mermaid() -> str:
    """Draw the table as a Mermaid state diagram; terminal states lead to the end."""
    moves = [
        f"    {source or '[*]'} --> {target}: {event}"
        for (source, event), target in TRANSITIONS.items()
    ]
    ends = [f"    {state} --> [*]" for state in JobState if state.is_terminal]
    return "\n".join(["stateDiagram-v2", *moves, *ends])
