"""Keep an agent from being given new jobs, for maintenance of its host."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from joborch.domain.errors import AgentNotFoundError
from joborch.process.clock import Clock
from joborch.server.live.presence import Roll
from joborch.server.store import agents
from joborch.server.store.database import Database


async def drain(
    name: str,
    *,
    on: bool,
    database: Database,
    roll: Roll,
    clock: Clock,
    wake: Callable[[], None],
) -> None:
    """Drain every agent of this id or name, or end that.

    What they run goes on. The wish outlives restarts of server and agent.

    Raises:
        AgentNotFoundError: there is none.
    """
    every = await database.read(agents.every)
    found = [agent for agent in every if name in {agent.id, agent.name}]
    if not found:
        raise AgentNotFoundError(name)
    since = clock.now() if on else None
    for agent in found:
        await database.write(partial(agents.set_draining, agent_id=agent.id, at=since))
        if present := roll.get(agent.id):
            present.agent = replace(present.agent, draining_at=since)
    wake()
