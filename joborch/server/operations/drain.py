"""Keep an agent from being given new jobs, for maintenance of its host."""

from joborch.domain.errors import AgentNotFoundError
from joborch.process.clock import Clock
from joborch.server.live.presence import Roll
from joborch.server.store import agents
from joborch.server.store.database import Database


async def drain(
    name: str, *, on: bool, database: Database, roll: Roll, clock: Clock
) -> list[str]:
    """Drain every agent of this id or name, or end that; returns their ids.

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
        await database.write(lambda t, a=agent: agents.set_draining(t, a.id, since))
        if present := roll.get(agent.id):
            present.agent, _, _ = await database.read(lambda c, a=agent: agents.find(c, a.id))
    return [agent.id for agent in found]
