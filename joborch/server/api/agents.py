"""Routes about agents, and the one by which they introduce themselves."""

from typing import Annotated

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from joborch.server.api.answers import Ours
from joborch.server.api.problems import refusals
from joborch.server.operations import enrol, query
from joborch.wire.agents import AgentList, AgentView, Enrolled, Enrolment


@get("/agents", tags=["agents"], responses=refusals(503))
async def list_agents(parts: Ours) -> AgentList:
    """List all agents that ever enrolled, with how they are now."""
    return await query.agents(
        database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )


@get("/agents/{agent_id:str}", tags=["agents"], responses=refusals(404))
async def show_agent(
    parts: Ours, agent_id: Annotated[str, Parameter(description="The agent's id or name.")]
) -> AgentView:
    """Show an agent."""
    return await query.agent(
        agent_id,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


@post("/agents/enrol", status_code=200, tags=["agents"], responses=refusals(400, 503))
async def enrol_agent(parts: Ours, data: Enrolment) -> Enrolled:
    """Introduce an agent; the answer is its identity from now on."""
    return await enrol.enrol(
        data,
        database=parts.database,
        catalog=parts.catalog,
        clock=parts.clock,
        settings=parts.settings,
    )


HANDLERS: list[HTTPRouteHandler] = [list_agents, show_agent, enrol_agent]
