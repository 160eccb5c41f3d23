"""Take a submission: files that were staged, and what is to be done with them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from joborch.domain.actors import user
from joborch.domain.arrays import ArraySpec
from joborch.domain.dependencies import Dependencies
from joborch.domain.errors import (
    ConflictError,
    DependencyError,
    IdempotencyError,
    InvalidRequestError,
    JobNotFoundError,
    NotFoundError,
)
from joborch.domain.jobs import Job, NewJob
from joborch.domain.states import JobEvent
from joborch.files.staging import Staged
from joborch.process.clock import Clock
from joborch.server.blobs import Blobs
from joborch.server.live.catalog import Catalog
from joborch.server.operations.fingerprints import Fingerprint, formerly_said, said
from joborch.server.store import gates, jobs, submissions
from joborch.server.store.database import Connection, Database, Transaction
from joborch.server.store.submissions import Earlier, Payload

SCRIPT = "run.sh"
NO_SCRIPT = "there is no run.sh among the files"
EMPTY_SCRIPT = "run.sh is empty"
FORMER = (
    "user_id service name priority tags env demand time_limit max_attempts array_index is_held"
    " not_before invalid_because"
)
"""What a new job had when fingerprints were written by ``repr``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody asks for, beside the files."""

    new: NewJob
    array: ArraySpec | None = None
    after: Dependencies = field(default_factory=Dependencies)
    """What all of its jobs wait for."""
    key: str | None = None
    """The idempotency key."""
    accepts_missing_script: bool = False
    """The original does; such a job is stored as invalid, with the reason."""

    def fingerprint(self, files: str) -> str:
        """Return what makes this submission the same as another: all that was asked for."""
        waits = f" {self.after.digest}" if self.after else ""
        return f"{files} {said(self.new)} {said(self.array)}{waits}"

    def former_fingerprint(self, files: str) -> str:
        """Return it as the first versions stored it."""
        waits = f" {self.after.digest}" if self.after else ""
        return f"{files} {formerly_said(self.new, FORMER)} {self.array!r}{waits}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Jobs that are stored, durably."""

    jobs: tuple[Job, ...]
    batch_id: int | None
    is_duplicate: bool
    """The same was submitted before under the same key, and nothing new was stored."""


async def submit(
    order: Order,
    staged: Staged,
    *,
    database: Database,
    blobs: Blobs,
    catalog: Catalog,
    clock: Clock,
    wake: Callable[[], None],
) -> Accepted:
    """Store a submission; when this returns, payload and jobs are on disk.

    ``staged`` is used up: published, or removed if this raises or the submission is a duplicate.

    Raises:
        UnknownServiceError: there is no such service.
        InvalidRequestError: ``run.sh`` is missing, or a limit of the service is exceeded.
        JobNotFoundError: it is to wait for a job that is not there.
        DependencyError: it is to wait for the success of a job that has ended otherwise.
        IdempotencyError: the key was used for something else.
        QueueFullError: its user may have no more jobs waiting.
    """
    try:
        prepared = _prepare(order, staged, catalog)
        contents = staged.fingerprint()
        fingerprint = Fingerprint(
            text=order.fingerprint(contents), former=prepared.former_fingerprint(contents)
        )
        files = dict(staged.names)
        payload = Payload(id=await blobs.publish_payload(staged), files=files)
    finally:
        await staged.discard()
    try:
        accepted = await database.write(
            lambda t: _store(t, prepared, payload, fingerprint, clock.now())
        )
    except (ConflictError, NotFoundError):
        blobs.remove_payload(payload.id)
        raise
    if accepted.is_duplicate:
        blobs.remove_payload(payload.id)
    wake()
    return accepted


def _prepare(order: Order, staged: Staged, catalog: Catalog) -> Order:
    """Check the order against the service and fill in what it left open."""
    service = catalog.get(order.new.service)
    limit = order.new.time_limit
    if limit and service.time_limit and limit > service.time_limit:
        raise InvalidRequestError(
            f"time_limit: {service.name} allows at most {service.time_limit.total_seconds():.0f} s"
        )
    invalid = _objection(staged)
    if invalid and not order.accepts_missing_script:
        raise InvalidRequestError(invalid, hint="name your script run.sh, or send it as run.sh")
    new = replace(
        order.new,
        time_limit=limit or service.time_limit,
        max_attempts=min(order.new.max_attempts, service.max_attempts),
        invalid_because=invalid,
    )
    return replace(order, new=new)


def _objection(staged: Staged) -> str | None:
    if SCRIPT not in staged.names:
        return NO_SCRIPT
    return None if staged.names[SCRIPT] else EMPTY_SCRIPT


def _store(
    transaction: Transaction,
    order: Order,
    payload: Payload,
    fingerprint: Fingerprint,
    now: datetime,
) -> Accepted:
    if found := _found(transaction.connection, order, fingerprint):
        return found
    gate_id = _gate(transaction, order.after, now)
    submissions.add_payload(transaction, payload, at=now)
    batch_id = None
    new = [order.new]
    if order.array:
        indices, at_once = order.array.indices, order.array.at_once
        batch_id = submissions.add_batch(transaction, size=len(indices), at_once=at_once, at=now)
        new = [replace(order.new, array_index=index) for index in indices]
    actor = user(order.new.user_id)
    added = jobs.add(
        transaction,
        new,
        payload_id=payload.id,
        batch_id=batch_id,
        actor=actor,
        at=now,
        gate_id=gate_id,
        detail=order.after.told(),
    )
    if order.new.invalid_because:
        added = [_reject(transaction, job, order.new.invalid_because, now) for job in added]
    if order.key:
        what = Earlier(fingerprint=fingerprint.text, first_job_id=added[0].id, jobs=len(added))
        submissions.remember(transaction, order.new.user_id, order.key, what, at=now)
    return Accepted(jobs=tuple(added), batch_id=batch_id, is_duplicate=False)


def _gate(transaction: Transaction, wanted: Dependencies, now: datetime) -> int | None:
    """Return the gate to wait at; None if there is nothing to wait for, or not any more."""
    if not wanted:
        return None
    known = gates.find(transaction.connection, wanted)
    if known is not None:
        return known
    states = jobs.states_of(transaction.connection, wanted.members)
    unmet = {}
    for job_id, kind in wanted.members.items():
        state = states.get(job_id)
        if state is None:
            raise JobNotFoundError(job_id)
        if not state.is_terminal:
            unmet[job_id] = kind
        elif not kind.is_met_by(state):
            raise DependencyError(job_id, state.value)
    return gates.add(transaction, wanted, unmet, at=now) if unmet else None


def _found(connection: Connection, order: Order, fingerprint: Fingerprint) -> Accepted | None:
    """Return what the same key made before, if there is a key and it did."""
    if order.key is None:
        return None
    earlier = submissions.earlier(connection, order.new.user_id, order.key)
    if earlier is None:
        return None
    if not fingerprint.is_of(earlier.fingerprint):
        raise IdempotencyError(order.key)
    first = earlier.first_job_id
    found = [jobs.find(connection, job_id) for job_id in range(first, first + earlier.jobs)]
    return Accepted(jobs=tuple(found), batch_id=found[0].batch_id, is_duplicate=True)


def _reject(transaction: Transaction, job: Job, reason: str, now: datetime) -> Job:
    change = job.after(JobEvent.REJECT, at=now, note=reason)
    return jobs.move(transaction, change, actor="server")
