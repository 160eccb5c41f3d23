"""Forget an agent that is gone for good. The jobs that it ran keep its name."""

import logging
import shlex
from collections.abc import Sequence
from datetime import datetime

from joborch.domain.errors import AgentInUseError, AgentNotFoundError
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.operations import query
from joborch.server.store import agents
from joborch.server.store.database import Database, Transaction
from joborch.wire.agents import AgentView

logger = logging.getLogger(__name__)


async def remove(
    name: str, *, database: Database, catalog: Catalog, roll: Roll, clock: Clock
) -> AgentView:
    """Remove the agent of this id or name, and return what it was.

    From then on its key opens nothing, so that none of its leases can be settled. A process that
    comes back with it is told so, and enrols as a new agent.

    Raises:
        AgentNotFoundError: there is none.
        AgentInUseError: it is not down, holds jobs, or shares its name; nothing changed.
    """
    async with roll.ledger:  # nobody is given a job meanwhile
        every = await query.agents(database=database, catalog=catalog, roll=roll, clock=clock)
        one = _only([view for view in every.items if name in {view.id, view.name}], name)
        _demand_gone(one)
        await database.write(lambda t: _remove(t, one, clock.now()))
        present = roll.get(one.id)
        roll.forget(one.id)
        if present is not None:
            present.leave()
    logger.info("agent removed", extra={"agent_id": one.id, "agent": one.name})
    return one


def _only(found: Sequence[AgentView], name: str) -> AgentView:
    if not found:
        raise AgentNotFoundError(name)
    if len(found) > 1:
        ids = ", ".join(f"{view.id} ({view.state})" for view in found)
        raise AgentInUseError(
            f"{len(found)} agents are called {name}: {ids}",
            hint="name the one that is to be removed by its id",
        )
    return found[0]


def _demand_gone(one: AgentView) -> None:
    if one.active:
        raise _holding(one)
    if one.state != "down":
        raise AgentInUseError(
            f"agent {one.name} is {one.state}, and only one that is down can be removed",
            hint=_end(one),
            agent=one.name,
            state=one.state,
        )


def _remove(transaction: Transaction, one: AgentView, now: datetime) -> None:
    if not agents.remove(transaction, one.id, now):
        raise _holding(one)


def _holding(one: AgentView) -> AgentInUseError:
    jobs = f"{one.active} job{'s' * (one.active != 1)}" if one.active else "jobs"
    is_down = one.state == "down"
    return AgentInUseError(
        f"agent {one.name} holds {jobs}",
        hint="wait until they are given to others, or cancel them" if is_down else _end(one),
        agent=one.name,
        state=one.state,
    )


def _end(one: AgentView) -> str:
    return f"drain it, and stop its process: joborch agents drain {shlex.quote(one.name)} --wait"
