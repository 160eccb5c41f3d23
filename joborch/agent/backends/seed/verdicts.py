"""How an attempt at a client of the original has ended, in the words of all backends."""

import time

from joborch.agent.backends.base import Handle
from joborch.agent.backends.seed.homecoming import Contents
from joborch.agent.backends.seed.notes import Note
from joborch.agent.endings import Cause, Ended

_SIGNALLED = 128
"""A shell's status for a signal is this and the signal's number."""
_SIGNALS = range(1, 32)
"""Above these, the same status is more likely one that the job chose."""
_CAUSES = {
    "exited": Cause.EXITED,
    "cancelled": Cause.CANCELLED,
    "timed_out": Cause.TIMED_OUT,
}


def ended_by(handle: Handle, note: Note, contents: Contents) -> Ended:
    """Translate what the wrapper wrote down."""
    cause = _CAUSES.get(contents.why or "", Cause.EXITED)
    if cause is Cause.CANCELLED and note.ordered is not None:
        cause = Cause(note.ordered)
    by_signal = contents.status - _SIGNALLED in _SIGNALS
    return Ended(
        cause=cause,
        exit_code=None if by_signal else contents.status,
        signal=contents.status - _SIGNALLED if by_signal else None,
        started_at=handle.started_at,
        ended_at=time.time(),
    )


def given_up(handle: Handle, note: Note, why: str) -> Ended:
    """Return the end that was ordered, if one was; else it is lost."""
    if note.ordered is None:
        return lost(handle, why)
    cause = Cause(note.ordered)
    return Ended(cause=cause, started_at=handle.started_at, ended_at=time.time())


def lost(handle: Handle, why: str) -> Ended:
    """Say that nothing will come of it, and nobody knows more than this."""
    return Ended(
        cause=Cause.SUPERVISOR_LOST,
        detail=why,
        started_at=handle.started_at,
        ended_at=time.time(),
    )
