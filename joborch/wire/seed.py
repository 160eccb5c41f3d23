"""The original's JSON and words; they are spelt only here.

The original is ``job-orchestrator``, whose generations v1 (1.1.0) and v2 (2.0 to 2.2.3) differ in
status codes; ``server/api/seed.py`` chooses between them.
"""

import msgspec

from joborch.domain.states import JobState

_WORDS = {
    JobState.QUEUED: "Queued",
    JobState.ASSIGNED: "Submitted",
    JobState.RUNNING: "Running",
    JobState.COMPLETED: "Completed",
    JobState.FAILED: "Failed",
    JobState.TIMED_OUT: "Failed",
    JobState.CANCELLED: "Killed",
    JobState.INVALID: "Invalid",
    JobState.LOST: "Unknown",
}
CLEANED = "Cleaned"
UNKNOWN = "Unknown"
PREPARED = "Prepared"
"""What a client answers to `/submit`, and nowhere else: servers up to 2.2.2 forget such a job."""
UPLOADED = "Job successfully uploaded"
TERMINATED = "job terminated"
NOT_TERMINATED = "could not terminate job"


class UploadBody(msgspec.Struct, kw_only=True):
    """The answer to ``/upload``: the superset of both generations, in the original's order."""

    id: int
    user_id: int
    service: str
    status: str
    loc: str
    dest_id: int
    message: str = UPLOADED


class StatusBody(msgspec.Struct, kw_only=True):
    """The generation-2 body of everything else; id 0 is no job."""

    id: int = 0
    status: str = UNKNOWN
    message: str = ""


class PayloadBody(msgspec.Struct, kw_only=True):
    """What a client says of a job; the defaults are what it says of one that it does not know.

    The newest generation reads all six fields. The original fills ``input`` with every byte that
    was uploaded; both generations are content with none.
    """

    id: int = 0
    input: dict[str, list[int]] = {}
    status: str = UNKNOWN
    loc: str = ""
    pid: int = 0
    killed: bool = False


class Pong(msgspec.Struct, kw_only=True):
    """The answer to ``/``."""

    message: str = "pong"


class HealthBody(msgspec.Struct, kw_only=True):
    """The answer to ``/health``."""

    status: str = "ok"
    database: str = "ok"


def word_for(state: JobState, *, is_cleaned: bool = False) -> str:
    """Return the original's word for a state; a job whose results were removed is Cleaned."""
    return CLEANED if is_cleaned else _WORDS[state]


def not_found(job_id: int) -> StatusBody:
    """Return the body for an id that no job has."""
    return StatusBody(message=f"Job {job_id} not found in the database")
