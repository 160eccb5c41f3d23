"""Give waiting jobs to agents that ask: one pass reads, plans and records in one transaction."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from joborch.domain.agents import Agent
from joborch.domain.scheduling import Assignment, Snapshot, plan
from joborch.domain.states import JobEvent
from joborch.process.clock import Clock
from joborch.server.blobs import Blobs
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Presence, Roll
from joborch.server.operations.enrol import hash_of
from joborch.server.operations.offers import Granted, deliver, grant_of, new_token
from joborch.server.store import jobs, snapshots, usage
from joborch.server.store.database import Database, Transaction

logger = logging.getLogger(__name__)

LOOK_S = 60.0
"""How often it looks, while a job waits for a time, whether the wall clock has jumped there."""

Live = Mapping[str, tuple[Agent, float, bool]]
"""The live agents by id: what they are, their CPU load, and whether they ask."""


async def dispatch(
    *, database: Database, blobs: Blobs, catalog: Catalog, roll: Roll, clock: Clock
) -> float | None:
    """Assign what can be assigned now; returns the seconds until a job's time has come."""
    withdrawn = 0
    async with roll.ledger:
        asking = {one.agent.id: seat(one) for one in roll.every() if one.asking and one.takes_jobs}
        if asking:
            granted = await database.write(lambda t: _assign(t, asking, catalog, clock.now()))
            withdrawn = await deliver(
                granted, database=database, blobs=blobs, catalog=catalog, roll=roll, clock=clock
            )
    now = clock.now()
    moment = await database.read(lambda c: snapshots.next_moment(c, now))
    if withdrawn:
        return 0.0  # their slots are free, perhaps for others
    if moment is None:
        return None
    return min(max((moment - now).total_seconds(), 0) + 0.01, LOOK_S)


def seat(present: Presence) -> tuple[Agent, float, bool]:
    """Say of a present agent what the scheduler needs."""
    load = present.load.cpu_percent if present.load else 0.0
    return present.agent, load, bool(present.asking) and present.takes_jobs


def _assign(
    transaction: Transaction, asking: Live, catalog: Catalog, now: datetime
) -> list[Granted]:
    limits = catalog.limits()
    snapshot = snapshots.snapshot(transaction.connection, limits=limits, agents=asking, now=now)
    names = {agent_id: agent.name for agent_id, (agent, _, _) in asking.items()}
    granted: list[Granted] = []
    for assignment in plan(snapshot).assignments:
        try:
            with transaction.savepoint():
                name = names[assignment.agent_id]
                granted.append(_record(transaction, assignment, name, snapshot, now))
        except usage.NoSlotError:
            logger.warning("slot was gone", extra={"job_id": assignment.job_id})
    return granted


def _record(
    transaction: Transaction,
    assignment: Assignment,
    agent_name: str,
    snapshot: Snapshot,
    now: datetime,
) -> Granted:
    job = jobs.find(transaction.connection, assignment.job_id)
    change = job.after(JobEvent.ASSIGN, at=now)
    held = replace(change.after, attempt=job.attempt + 1, agent_id=assignment.agent_id)
    token = new_token()
    job = jobs.move(
        transaction,
        replace(change, after=held),
        actor="dispatch",
        limits=snapshot.limits_of(job.service, job.user_id),
        detail={"agent": agent_name},
        assigned_at=max(now, job.seen_at),
        last_agent_id=assignment.agent_id,
        token_hash=hash_of(token),
        not_before=None,
    )
    return grant_of(transaction, job, token)
