"""Agents that have enrolled."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, select, update

from joborch.domain.agents import Agent, Capacity
from joborch.domain.errors import AgentNotFoundError
from joborch.server.store.database import Transaction
from joborch.server.store.tables import AGENTS, JOBS


def add(transaction: Transaction, agent: Agent, *, key_hash: bytes) -> None:
    """Store a new agent."""
    values = _values(agent) | {"id": agent.id, "key_hash": key_hash, "incarnation": 0}
    values["enrolled_at"] = agent.enrolled_at
    transaction.connection.execute(insert(AGENTS).values(**values))


def replace(transaction: Transaction, agent: Agent) -> None:
    """Store what an agent that is known says of itself now."""
    _set(transaction, agent.id, _values(agent))


def supersede(transaction: Transaction, agent_id: str, incarnation: int) -> None:
    """Store that this is the newest process of the agent."""
    _set(transaction, agent_id, {"incarnation": incarnation})


def set_draining(transaction: Transaction, agent_id: str, at: datetime | None) -> None:
    """Store since when an agent takes no new jobs, or that it takes them again."""
    _set(transaction, agent_id, {"draining_at": at})


def remove(transaction: Transaction, agent_id: str, at: datetime) -> bool:
    """Mark an agent as removed, unless it holds a job; whether it could be done."""
    holds_one = exists().where(JOBS.c.agent_id == agent_id)
    statement = update(AGENTS).where(AGENTS.c.id == agent_id, ~holds_one).values(removed_at=at)
    return transaction.connection.execute(statement).rowcount == 1


def seen(transaction: Transaction, moments: Mapping[str, datetime]) -> None:
    """Store when agents were last heard of."""
    for agent_id, at in moments.items():
        _set(transaction, agent_id, {"seen_at": at})


def find(connection: Connection, agent_id: str) -> tuple[Agent, bytes, int]:
    """Return an agent, the hash of its key and its newest incarnation.

    Raises:
        AgentNotFoundError: if there is none of this id (any more).
    """
    row = connection.execute(select(AGENTS).where(AGENTS.c.id == agent_id)).one_or_none()
    if row is None or row.removed_at is not None:
        raise AgentNotFoundError(agent_id, was_removed=row is not None)
    return _agent(row), row.key_hash, row.incarnation


def every(connection: Connection) -> list[Agent]:
    """Return all agents, by name, without those that were removed."""
    query = select(AGENTS).where(AGENTS.c.removed_at.is_(None))
    rows = connection.execute(query.order_by(AGENTS.c.name, AGENTS.c.enrolled_at))
    return [_agent(row) for row in rows]


def names(connection: Connection) -> dict[str, str]:
    """Return the names by id of all agents that ever were: jobs remember those of removed ones."""
    return {row.id: row.name for row in connection.execute(select(AGENTS.c.id, AGENTS.c.name))}


def name_of(connection: Connection, agent_id: str) -> str | None:
    """Return an agent's name, be it removed or not."""
    return connection.execute(select(AGENTS.c.name).where(AGENTS.c.id == agent_id)).scalar()


def _set(transaction: Transaction, agent_id: str, values: dict[str, Any]) -> None:
    transaction.connection.execute(update(AGENTS).where(AGENTS.c.id == agent_id).values(**values))


def _values(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "host": agent.host,
        "version": agent.version,
        "services": dict(agent.services),
        "capacity": asdict(agent.capacity),
        "labels": dict(agent.labels),
        "seen_at": agent.seen_at,
    }


def _agent(row: Row[Any]) -> Agent:
    return Agent(
        id=row.id,
        name=row.name,
        host=row.host,
        version=row.version,
        services=row.services,
        capacity=Capacity(**row.capacity),
        labels=row.labels,
        enrolled_at=row.enrolled_at,
        seen_at=row.seen_at,
        draining_at=row.draining_at,
    )
