"""``--only``: of the jobs that are meant, those in some states, as far as the action can apply."""

from collections.abc import Callable

from joborch.cli.exits import UsageError
from joborch.domain.states import GROUPS, HELD, RETRIABLE, TERMINAL, JobState, states_named
from joborch.wire.actions import CancelJobs, JobAction, RetryJobs, name_of
from joborch.wire.jobs import JobView

DONE_TO = {
    "cancel": "cancelled",
    "hold": "held",
    "release": "released",
    "set": "changed",
    "retry": "retried",
}
"""What became of a job, by the action's name."""

Passes = Callable[[JobView], bool]


def passes_only(words: str | None, action: JobAction) -> Passes:
    """Read states and groups with commas; ``held`` is one of them. None lets everything through.

    Raises:
        UsageError: a word is no state, or none in which the action can be done to a job.
    """
    if words is None:
        return lambda _: True
    wanted = [_read(word, action) for word in words.split(",")]
    return lambda job: any(passes(job) for passes in wanted)


def applies_to(action: JobAction) -> frozenset[JobState]:
    """Return the states of jobs to which an action can be done."""
    if isinstance(action, CancelJobs):
        return frozenset(JobState) - TERMINAL
    if isinstance(action, RetryJobs):
        return RETRIABLE | ({JobState.COMPLETED} if action.completed else set())
    return frozenset({JobState.QUEUED})


def _read(word: str, action: JobAction) -> Passes:
    possible = applies_to(action)
    try:
        states = _states(word)
    except KeyError:
        states = frozenset()
    if not states & possible:
        known = [each for each in (*JobState, HELD, *GROUPS) if _states(each) & possible]
        lacks_option = isinstance(action, RetryJobs) and JobState.COMPLETED in states
        raise UsageError(
            f"--only: no job that is {word!r} can be {DONE_TO[name_of(action)]};"
            f" there are {', '.join(known)}",
            hint="--completed retries those that completed, too" if lacks_option else None,
        )
    if word == HELD:
        return lambda job: job.state == JobState.QUEUED and job.held_at is not None
    return lambda job: job.state in states


def _states(word: str) -> frozenset[JobState]:
    return frozenset({JobState.QUEUED}) if word == HELD else states_named(word)
