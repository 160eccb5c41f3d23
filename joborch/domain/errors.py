"""Every way joborch says no. Raised inside, translated only at the edges.

::

    JoborchError
    ├── RequestError               the request itself is wrong
    │   ├── InvalidRequestError    malformed or contradictory; carries every mistake
    │   │   └── SettingsError      what a process was told at its start
    │   ├── UnknownServiceError    no such service here
    │   └── TooLargeError          over a limit on bytes or counts
    ├── NotFoundError
    │   ├── JobNotFoundError  AgentNotFoundError  FileNotInJobError
    │   └── ServiceNotFoundError  SnapshotNotFoundError
    ├── ConflictError              right request, wrong moment
    │   ├── StaleJobError          the attempt is no longer this caller's (carries what to do)
    │   ├── WrongStateError        the job's state does not allow it
    │   ├── NotFinishedError       results were asked for before the end
    │   ├── ResultsMissingError    results were announced that are not here
    │   ├── IdempotencyError       same key, other content
    │   ├── DependencyError        a job that is to be waited for did not complete
    │   ├── AttemptedError         it was attempted, and cannot be put off any more
    │   ├── ReadOnlyError          this client was told to change nothing
    │   ├── PayloadGoneError       retention removed the files that a retry needs
    │   ├── RetriedError           it was submitted again before
    │   ├── QueueFullError         the user may have no more jobs waiting
    │   ├── AgentInUseError        it is not down, or holds jobs
    │   └── SupersededError        a newer process of this agent took over
    ├── ResultsGoneError           retention removed them, or there never were any
    ├── NotAllowedError            the credentials do not match
    └── UnavailableError           nothing is wrong with the request; try again later
        ├── StoreFailedError       the database or disk failed; the server stops
        ├── ShuttingDownError
        ├── AgentUnreachableError  the agent that holds the job did not answer
        ├── ServerUnreachableError no connection to the server, or no answer in time
        ├── ServerBrokenError      the server answered, but not in a way that makes sense
        └── DiskFullError          the reserve is reached; running jobs still finish

Each leaf has a ``code`` that is stable across versions and crosses the wire, a message written
for the person who reads it, and what it is about as attributes.
"""

import shlex
from typing import ClassVar


class JoborchError(Exception):
    """Anything joborch refuses or cannot do.

    ``hint`` says how to mend it, when that is known; ``details`` are plain values for machines.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str | None = None, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details


class RequestError(JoborchError):
    """The request is wrong and would be wrong at any time."""

    code = "bad_request"


class InvalidRequestError(RequestError):
    """The request is malformed. ``mistakes`` names all of them, not only the first."""

    code = "invalid_request"

    def __init__(self, *mistakes: str, hint: str | None = None) -> None:
        super().__init__("; ".join(mistakes), hint=hint, mistakes=list(mistakes))
        self.mistakes = mistakes


class SettingsError(InvalidRequestError):
    """Some settings are wrong; nothing was started. Carries every mistake."""

    code = "bad_settings"


class UnknownServiceError(RequestError):
    """No service of that name is configured or offered by an agent."""

    code = "unknown_service"

    def __init__(self, service: str, known: tuple[str, ...] = ()) -> None:
        offered = f"this server offers {', '.join(known)}" if known else "no service is set up yet"
        super().__init__(
            f"service {service!r} is not known here", hint=offered, service=service, known=[*known]
        )
        self.service = service
        self.known = known


class TooLargeError(RequestError):
    """A limit on bytes or counts was exceeded; nothing of the request was kept."""

    code = "too_large"


class NotFoundError(JoborchError):
    """The thing named does not exist."""

    code = "not_found"


class JobNotFoundError(NotFoundError):
    """No job has this id."""

    code = "job_not_found"

    def __init__(self, job_id: int | str) -> None:
        super().__init__(f"there is no job {job_id}", job_id=job_id)
        self.job_id = job_id


class AgentNotFoundError(NotFoundError):
    """No agent has this id; an agent that is told so enrols again."""

    code = "agent_not_found"

    def __init__(self, agent_id: str, *, was_removed: bool = False) -> None:
        what = f"agent {agent_id} was removed" if was_removed else f"there is no agent {agent_id}"
        super().__init__(what, agent_id=agent_id)
        self.agent_id = agent_id


class ServiceNotFoundError(NotFoundError):
    """No service has this name; to submit to one is an :class:`UnknownServiceError`."""

    code = "service_not_found"

    def __init__(self, service: str) -> None:
        super().__init__(f"there is no service {service!r}", service=service)
        self.service = service


class FileNotInJobError(NotFoundError):
    """The job exists, but has no file of this name."""

    code = "file_not_found"

    def __init__(self, job_id: int, name: str) -> None:
        super().__init__(f"job {job_id} has no file {name!r}", job_id=job_id, name=name)
        self.job_id = job_id
        self.name = name


class SnapshotNotFoundError(NotFoundError):
    """Nobody waits (any more) for this snapshot of a running job."""

    code = "snapshot_not_found"


class ConflictError(JoborchError):
    """The request is fine, but not at this moment."""

    code = "conflict"


class StaleJobError(ConflictError):
    """The statement matched no row: the attempt is no longer the caller's.

    ``disposition`` tells an agent what to do: ``stop`` the attempt, ``discard`` its results, or
    nothing because it is ``already_recorded``.
    """

    code = "stale_attempt"

    def __init__(self, job_id: int, attempt: int, disposition: str) -> None:
        super().__init__(
            f"attempt {attempt} of job {job_id} is no longer current: {disposition}",
            job_id=job_id,
            attempt=attempt,
            disposition=disposition,
        )
        self.job_id = job_id
        self.attempt = attempt
        self.disposition = disposition


class WrongStateError(ConflictError):
    """The job's state does not allow the move; nothing changed."""

    code = "wrong_state"

    def __init__(self, job_id: int, state: str, wanted: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"job {job_id} is {state}: cannot {wanted} it", hint=hint, job_id=job_id, state=state
        )
        self.job_id = job_id
        self.state = state


class NotFinishedError(ConflictError):
    """The job has no results yet."""

    code = "not_finished"

    def __init__(self, job_id: int, state: str) -> None:
        super().__init__(
            f"job {job_id} is {state}: its results are not there yet", job_id=job_id, state=state
        )
        self.job_id = job_id
        self.state = state


class ResultsMissingError(ConflictError):
    """What an agent announced is not here, or not as it was announced; it has to send it again."""

    code = "results_missing"


class IdempotencyError(ConflictError):
    """The key was used before with other content; nothing was submitted."""

    code = "idempotency_conflict"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the idempotency key {key!r} was used before for another submission",
            hint="use another key for other content",
            key=key,
        )
        self.key = key


class DependencyError(ConflictError):
    """A job whose success is to be waited for has ended otherwise; nothing was submitted."""

    code = "dependency_failed"

    def __init__(self, job_id: int, state: str) -> None:
        super().__init__(
            f"job {job_id} is {state.replace('_', ' ')}: what waits for its success would never"
            " start",
            hint="wait for its end however it ends (--after-any), or for a retry of it",
            job_id=job_id,
            state=state,
        )
        self.job_id = job_id
        self.state = state


class AttemptedError(ConflictError):
    """The job was attempted: from then on, when it may start is the infrastructure's business."""

    code = "attempted"

    def __init__(self, job_id: int) -> None:
        super().__init__(
            f"job {job_id} was attempted already: it cannot be put off",
            hint="hold it, and release it when its time has come",
            job_id=job_id,
        )
        self.job_id = job_id


class ReadOnlyError(ConflictError):
    """A client that is to look only was about to change something; nothing was sent."""

    code = "read_only"

    def __init__(self, server: str) -> None:
        super().__init__(f"nothing is to be changed on {server} from here", server=server)
        self.server = server


class PayloadGoneError(ConflictError):
    """The files that a job was submitted with are no longer stored; no new job was made."""

    code = "payload_gone"

    def __init__(self, job_id: int) -> None:
        super().__init__(
            f"job {job_id} cannot be submitted again: its files were removed after the retention"
            " period",
            hint="submit it anew, with its files",
            job_id=job_id,
        )
        self.job_id = job_id


class RetriedError(ConflictError):
    """The job was submitted again before; no other new job was made."""

    code = "retried"

    def __init__(self, job_id: int, new_id: int) -> None:
        super().__init__(
            f"job {job_id} was retried as {new_id}",
            hint="name it by its id to retry it again",
            job_id=job_id,
            new_id=new_id,
        )
        self.job_id = job_id
        self.new_id = new_id


class QueueFullError(ConflictError):
    """An operator bounded how many jobs a user may have waiting; nothing was submitted."""

    code = "queue_full"

    def __init__(self, user_id: str, service: str, *, queued: int, limit: int, jobs: int) -> None:
        super().__init__(
            f"{user_id} may have {limit} jobs waiting for {service}: {queued} do, and {jobs} more"
            " would be too many",
            hint=f"wait until some have started, or have an operator raise it: joborch quota set"
            f" {shlex.quote(user_id)} {service} queued={queued + jobs}",
            user_id=user_id,
            service=service,
            queued=queued,
            limit=limit,
            jobs=jobs,
        )
        self.user_id = user_id
        self.service = service


class AgentInUseError(ConflictError):
    """An agent that is to be removed is not down, or holds jobs; nothing changed."""

    code = "agent_in_use"


class SupersededError(ConflictError):
    """A newer process runs under this agent's identity; the older one must stop."""

    code = "superseded"

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"a newer process runs as agent {agent_id}", agent_id=agent_id)
        self.agent_id = agent_id


class ResultsGoneError(JoborchError):
    """The job has ended, but there are no results to serve (any more)."""

    code = "results_gone"

    def __init__(self, job_id: int, why: str) -> None:
        super().__init__(f"job {job_id} has no results: {why}", job_id=job_id)
        self.job_id = job_id


class NotAllowedError(JoborchError):
    """The caller's credentials do not allow this."""

    code = "not_allowed"


class UnavailableError(JoborchError):
    """Nothing is wrong with the request; the same request may succeed later."""

    code = "unavailable"


class StoreFailedError(UnavailableError):
    """A commit or flush failed. What was asked is NOT durable, and the server is stopping."""

    code = "store_failed"


class ShuttingDownError(UnavailableError):
    """The server is stopping and takes no more work."""

    code = "shutting_down"


class AgentUnreachableError(UnavailableError):
    """The agent that holds the job did not answer in time."""

    code = "agent_unreachable"


class DiskFullError(UnavailableError):
    """Too little room is left: for new submissions, or even for results, which then wait."""

    code = "disk_full"


class ServerUnreachableError(UnavailableError):
    """No connection to the server, or no answer in time. Whether it acted is not known."""

    code = "unreachable"


class ServerBrokenError(UnavailableError):
    """The server failed (5xx), or its answer is not of this API."""

    code = "server_error"
