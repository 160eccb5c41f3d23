"""Why jobs wait and whose turn it is, on the wire: what ``/api/v1/waiting`` answers."""

import msgspec


class Reason(msgspec.Struct, kw_only=True):
    """Why one job waits."""

    id: int
    reason: str
    """As in an explanation of the job."""


class Turn(msgspec.Struct, kw_only=True):
    """The first of a user's line for a service."""

    service: str
    user_id: str
    job_id: int
    reason: str
    """Why it waits, as in an explanation of the job."""


class Waiting(msgspec.Struct, kw_only=True):
    """Why these jobs wait, and in which order the lines are served."""

    schema: str = "joborch.waiting/1"
    items: list[Reason]
    """Those that wait, of the jobs that were asked about."""
    turns: list[Turn]
    """The first of every line, in the order in which the lines are served; at most 100."""
