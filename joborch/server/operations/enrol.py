"""Agents introduce themselves and prove who they are."""

import hashlib
import hmac
import logging
import secrets
from dataclasses import replace

from joborch.domain.agents import Agent, Capacity
from joborch.domain.errors import AgentNotFoundError, InvalidRequestError, NotAllowedError
from joborch.domain.names import check_job_name
from joborch.domain.services import SERVICE_NAME
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.settings import ServerSettings
from joborch.server.store import agents
from joborch.server.store.database import Database
from joborch.wire.agents import Enrolled, Enrolment

logger = logging.getLogger(__name__)


async def enrol(
    enrolment: Enrolment,
    *,
    database: Database,
    catalog: Catalog,
    clock: Clock,
    settings: ServerSettings,
) -> Enrolled:
    """Give an agent an identity, or renew what is known of one that has it already.

    Raises:
        InvalidRequestError: naming every mistake in what the agent says of itself.
    """
    _check(enrolment)
    known = await _known(enrolment, database)
    now = clock.now()
    agent_id, key = known or (f"a-{secrets.token_hex(6)}", secrets.token_urlsafe(32))
    agent = Agent(
        id=agent_id,
        name=enrolment.name,
        host=enrolment.host,
        version=enrolment.version,
        services=enrolment.services,
        capacity=_capacity(enrolment),
        labels=enrolment.labels,
        enrolled_at=now,
        seen_at=now,
    )
    if known:
        await database.write(lambda t: agents.replace(t, agent))
    else:
        await database.write(lambda t: agents.add(t, agent, key_hash=hash_of(key)))
    new = catalog.discover(enrolment.services)
    logger.info("agent enrolled", extra={"agent_id": agent_id, "agent": agent.name})
    if new:
        logger.info("services discovered", extra={"agent_id": agent_id, "services": new})
    return Enrolled(agent_id=agent_id, key=key, poll_s=catalog.hold_s(settings.poll_s))


async def authenticate(agent_id: str, key: str | None, *, database: Database) -> Agent:
    """Return the agent that has this id and key.

    Raises:
        AgentNotFoundError: there is no such agent (any more).
        NotAllowedError: the key is not its own.
    """
    agent, key_hash, _ = await database.read(lambda c: agents.find(c, agent_id))
    if key is None or not hmac.compare_digest(hash_of(key), key_hash):
        raise NotAllowedError(f"this is not the key of agent {agent_id}", hint="enrol again")
    return agent


def hash_of(secret: str) -> bytes:
    """Return what is stored of a random secret of 256 bits: no salt or stretching is needed."""
    return hashlib.sha256(secret.encode()).digest()


async def _known(enrolment: Enrolment, database: Database) -> tuple[str, str] | None:
    if enrolment.agent_id is None or enrolment.key is None:
        return None
    try:
        await authenticate(enrolment.agent_id, enrolment.key, database=database)
    except (AgentNotFoundError, NotAllowedError):
        return None
    return enrolment.agent_id, enrolment.key


def _check(enrolment: Enrolment) -> None:
    mistakes = [
        f"service {name!r} with {slots} slots"
        for name, slots in enrolment.services.items()
        if not SERVICE_NAME.fullmatch(name) or not 0 < slots <= 100_000
    ]
    if not enrolment.services:
        mistakes.append("no service is offered")
    if enrolment.capacity.slots < 1:
        mistakes.append("no slots")
    for text in (enrolment.name, enrolment.host, enrolment.version):
        try:
            check_job_name(text)
        except ValueError:
            mistakes.append(f"{text[:50]!r} is no name")
    if mistakes:
        raise InvalidRequestError(*mistakes)


def _capacity(enrolment: Enrolment) -> Capacity:
    said = enrolment.capacity
    capacity = Capacity(slots=said.slots, cpus=said.cpus, memory_bytes=said.memory_bytes)
    return replace(capacity, gpus=said.gpus)
