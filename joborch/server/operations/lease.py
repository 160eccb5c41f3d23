"""An agent's poll: it renews its leases, and is given work and orders."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import BinaryIO

from joborch.domain.agents import Agent, Load
from joborch.domain.errors import (
    AgentNotFoundError,
    FileNotInJobError,
    JobNotFoundError,
    NotAllowedError,
    StaleJobError,
    SupersededError,
)
from joborch.domain.jobs import Job
from joborch.domain.states import JobEvent, JobFact, JobState
from joborch.process.clock import Clock
from joborch.server.blobs import Blobs
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Presence, Roll
from joborch.server.operations.enrol import hash_of
from joborch.server.operations.offers import Granted, deliver, grant_of, new_token
from joborch.server.operations.rescue import put_back
from joborch.server.settings import ServerSettings
from joborch.server.store import agents, jobs, submissions
from joborch.server.store.database import Connection, Database, Transaction
from joborch.wire.agents import CancelOrder, Poll, PollAnswer, Started

Attempt = tuple[int, int]
"""A job's id and the number of an attempt."""


async def poll(
    agent: Agent,
    said: Poll,
    *,
    database: Database,
    blobs: Blobs,
    catalog: Catalog,
    roll: Roll,
    clock: Clock,
    settings: ServerSettings,
    wake: Callable[[], None],
) -> PollAnswer:
    """Hold an agent's poll until there is something for it, or the agent would wait no longer.

    The first poll that says that the agent is draining is answered at once: from then on the
    agent knows that nothing new will come. A poll that a later one overtook is answered with
    nothing: what it says of the agent is no longer true.

    Raises:
        SupersededError: a newer process of this agent has polled.
        AgentNotFoundError: the agent was removed.
    """
    present = await _arrive(agent, said, database=database, roll=roll, clock=clock)
    if said.number and said.number <= present.newest_poll:
        return PollAnswer()
    present.newest_poll = max(said.number, present.newest_poll)
    is_news = said.draining and not present.is_draining
    present.is_draining = said.draining
    present.load = _load(said)
    async with roll.ledger:
        _demand_present(present, roll)
        granted = await _reconcile(present, said, database=database, now=clock.now())
        await deliver(
            granted, database=database, blobs=blobs, catalog=catalog, roll=roll, clock=clock
        )
        number = present.begin_poll()
    try:
        wake()
        hold_s = catalog.hold_s(min(settings.poll_s, said.hold_s or settings.poll_s))
        await present.news(number, said.following, 0 if is_news else hold_s)
        _demand_present(present, roll)
        return present.answer() if present.asking == number else PollAnswer()
    finally:
        present.end_poll(number, at=clock.monotonic())


async def started(
    agent: Agent, notices: list[Started], *, database: Database, clock: Clock
) -> None:
    """Note that attempts have begun to run; a notice that is late or repeated is ignored."""
    await database.write(lambda t: _start_all(t, agent, notices, clock))


async def payload_file(
    agent: Agent, payload_id: str, name: str, *, database: Database, blobs: Blobs
) -> BinaryIO:
    """Open a file of a payload for an agent that holds a job with it.

    Raises:
        NotAllowedError: the agent holds no such job.
        FileNotInJobError: the payload has no such file, or has lost it.
    """
    held = await database.read(lambda c: jobs.held_by(c, agent.id))
    job = next((job for job in held if job.payload_id == payload_id), None)
    if job is None:
        raise NotAllowedError(f"agent {agent.name} holds no job with payload {payload_id}")
    payload = await database.read(lambda c: submissions.find_payload(c, payload_id))
    if name not in payload.files:
        raise FileNotInJobError(job.id, name)
    try:
        return blobs.payload_file(payload_id, name).open("rb")
    except (FileNotFoundError, NotADirectoryError):
        if not blobs.has_room_of(payload_id):
            raise
        raise FileNotInJobError(job.id, name) from None


async def _arrive(
    agent: Agent, said: Poll, *, database: Database, roll: Roll, clock: Clock
) -> Presence:
    """Note who polls; the first poll of a process is compared with what earlier ones left."""
    present = roll.get(agent.id)
    if present is None or said.incarnation != present.incarnation:
        agent = await database.write(lambda t: _supersede(t, agent.id, said.incarnation))
    return roll.arrive(agent, said.incarnation, clock.monotonic())


def _demand_present(present: Presence, roll: Roll) -> None:
    """Refuse a poll whose agent was removed, or superseded, while it waited."""
    newest = roll.get(present.agent.id)
    if newest is None:
        raise AgentNotFoundError(present.agent.id, was_removed=True)
    if newest is not present:
        raise SupersededError(present.agent.id)


def _supersede(transaction: Transaction, agent_id: str, incarnation: int) -> Agent:
    agent, _, newest = agents.find(transaction.connection, agent_id)
    if incarnation < newest:
        raise SupersededError(agent_id)
    if incarnation > newest:
        agents.supersede(transaction, agent_id, incarnation)
    return agent


async def _reconcile(
    present: Presence, said: Poll, *, database: Database, now: datetime
) -> list[Granted]:
    """Compare what the agent has with what it should have; returns leases to offer again."""
    known = {(attempt.job_id, attempt.attempt) for attempt in said.known}
    held = await database.read(lambda c: jobs.held_by(c, present.agent.id))
    active = {(job.id, job.attempt) for job in held}
    late = await database.read(lambda c: _may_still_report(c, present.agent.id, known - active))
    present.settle(active | late, known)
    for job in held:
        if job.cancel_requested_at and (job.id, job.attempt) in known:
            order = CancelOrder(job_id=job.id, attempt=job.attempt)
            present.cancels.setdefault((job.id, job.attempt), order)
    underway = known | {(lease.job_id, lease.attempt) for lease in present.leases}
    missing = [job for job in held if (job.id, job.attempt) not in underway]
    if not missing:
        return []
    return await database.write(lambda t: _offer_again(t, missing, now))


def _may_still_report(
    connection: Connection, agent_id: str, attempts: set[Attempt]
) -> set[Attempt]:
    """Return the attempts that went back to the queue and may still be settled by this agent."""
    late: set[Attempt] = set()
    for job_id, attempt in attempts:
        with suppress(JobNotFoundError):
            job = jobs.find(connection, job_id)
            is_newest = job.attempt == attempt and job.last_agent_id == agent_id
            if is_newest and job.state is JobState.QUEUED:
                late.add((job_id, attempt))
    return late


def _offer_again(transaction: Transaction, missing: list[Job], now: datetime) -> list[Granted]:
    """Settle attempts that the agent does not know: its answer was lost, or its disk was."""
    granted: list[Granted] = []
    for seen in missing:
        job = jobs.find(transaction.connection, seen.id)
        if job.attempt != seen.attempt or not job.state.is_active:
            continue  # its report came in the meantime
        if job.cancel_requested_at or job.state is JobState.RUNNING:
            put_back(transaction, job, "the agent lost its record of it", actor="lease", now=now)
            continue
        token = new_token()
        jobs.note(
            transaction,
            job,
            JobFact.REOFFERED,
            actor="lease",
            at=now,
            token_hash=hash_of(token),
        )
        granted.append(grant_of(transaction, job, token))
    return granted


def _start_all(
    transaction: Transaction, agent: Agent, notices: list[Started], clock: Clock
) -> None:
    for notice in notices:
        with suppress(JobNotFoundError, StaleJobError):
            job = jobs.find(transaction.connection, notice.job_id)
            token = jobs.token_of(transaction.connection, job.id)
            is_current = job.attempt == notice.attempt and token == hash_of(notice.token)
            if is_current and job.agent_id == agent.id and job.state is JobState.ASSIGNED:
                at = clock.now() - timedelta(seconds=notice.ago_s)
                change = job.after(JobEvent.START, at=max(at, job.assigned_at or at))
                jobs.move(transaction, change, actor=f"agent:{agent.name}")


def _load(said: Poll) -> Load | None:
    if said.load is None:
        return None
    return Load(
        cpu_percent=said.load.cpu_percent,
        memory_percent=said.load.memory_percent,
        load_1m=said.load.load_1m,
    )
