"""Routes about agents, and the one by which they introduce themselves."""

from typing import Annotated

from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, PathParameter

from joborch.server.api.bodies import ApiRequest
from joborch.server.api.problems import refusals
from joborch.server.operations import enrol, query
from joborch.server.operations.drain import drain
from joborch.server.operations.remove import remove
from joborch.wire.agents import AgentList, AgentView, Enrolled, Enrolment

AgentName = Annotated[str, PathParameter(description="The agent's id or name.")]


@get("/agents", tags=["agents"], responses=refusals(503))
async def list_agents(request: ApiRequest) -> AgentList:
    """List all agents that ever enrolled, with how they are now."""
    parts = request.parts
    return await query.agents(
        database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )


@get("/agents/{agent_id:str}", tags=["agents"], responses=refusals(400, 404))
async def show_agent(
    request: ApiRequest,
    agent_id: AgentName,
) -> AgentView:
    """Show an agent."""
    parts = request.parts
    return await query.agent(
        agent_id,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


@post("/agents/enrol", status_code=200, tags=["agents"], responses=refusals(400, 503))
async def enrol_agent(request: ApiRequest, data: JSONBody[Enrolment]) -> Enrolled:
    """Introduce an agent; the answer is its identity from now on."""
    parts = request.parts
    return await enrol.enrol(
        data,
        database=parts.database,
        catalog=parts.catalog,
        clock=parts.clock,
        settings=parts.settings,
    )


@post(
    "/agents/{agent_id:str}/drain", status_code=200, tags=["agents"], responses=refusals(400, 404)
)
async def drain_agent(request: ApiRequest, agent_id: AgentName) -> AgentView:
    """Give an agent no new jobs, until it is resumed; what it runs goes on."""
    return await _drained(request, agent_id, on=True)


@post(
    "/agents/{agent_id:str}/resume", status_code=200, tags=["agents"], responses=refusals(400, 404)
)
async def resume_agent(request: ApiRequest, agent_id: AgentName) -> AgentView:
    """Give a drained agent jobs again."""
    return await _drained(request, agent_id, on=False)


@delete(
    "/agents/{agent_id:str}",
    status_code=200,
    tags=["agents"],
    responses=refusals(400, 404, 409, 503),
)
async def remove_agent(request: ApiRequest, agent_id: AgentName) -> AgentView:
    """Forget an agent that is down and holds no job; the answer is what it was."""
    parts = request.parts
    return await remove(
        agent_id,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


async def _drained(request: ApiRequest, name: str, *, on: bool) -> AgentView:
    parts = request.parts
    await drain(
        name, on=on, database=parts.database, roll=parts.roll, clock=parts.clock, wake=parts.wake
    )
    return await query.agent(
        name,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


HANDLERS: list[HTTPRouteHandler] = [
    list_agents,
    show_agent,
    enrol_agent,
    drain_agent,
    resume_agent,
    remove_agent,
]
