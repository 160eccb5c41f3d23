"""Routes that agents call; every one of them needs the agent's own key."""

import os
from typing import Annotated, Any

from litestar import Response, Router, delete, get, post, put
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, HeaderParameter, JSONBody, PathParameter, QueryParameter

from joborch.domain.agents import Agent
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.described import BytesOperation, FileOperation
from joborch.server.api.jobs import JobId
from joborch.server.api.problems import refusals
from joborch.server.operations import enrol, lease, logs, report
from joborch.server.parts import Parts
from joborch.web.bodies import pieces
from joborch.web.ranges import FileAnswer
from joborch.web.streams import unless_gone
from joborch.wire.agents import (
    Poll,
    PollAnswer,
    Report,
    Reported,
    Started,
    UploadState,
)
from joborch.wire.events import LogChunk

MOST_RESULT_BYTES = 1 << 40
AgentId = Annotated[str, PathParameter(description="The agent's id.")]
Attempt = Annotated[int, PathParameter(ge=1, le=2**31, description="The number of the attempt.")]
REFUSED = (400, 401, 404, 409, 503)


def agent_router(handlers: list[HTTPRouteHandler]) -> Router:
    """Put handlers below an agent's id, behind its key."""
    return Router(
        "/agents/{agent_id:str}",
        route_handlers=handlers,
        guards=[_only_itself],
        security=[{"agent": []}],
        tags=["agents"],
    )


@post("/poll", status_code=200, responses=refusals(*REFUSED))
async def poll_for_work(request: ApiRequest, agent_id: AgentId, data: JSONBody[Poll]) -> PollAnswer:
    """Wait for work and orders; also the heartbeat of all that the agent runs."""
    parts, agent = request.parts, _agent_of(request)
    polling = lease.poll(
        agent,
        data,
        database=parts.database,
        blobs=parts.blobs,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        settings=parts.settings,
        wake=parts.wake,
    )
    return await unless_gone(request.receive, polling, stopping=parts.stopping)


@post("/started", status_code=204, responses=refusals(*REFUSED))
async def note_started(
    request: ApiRequest, agent_id: AgentId, data: JSONBody[list[Started]]
) -> None:
    """Tell that attempts have begun to run."""
    parts, agent = request.parts, _agent_of(request)
    await lease.started(agent, data, database=parts.database, clock=parts.clock)


@post("/reports", status_code=200, responses=refusals(*REFUSED))
async def take_reports(
    request: ApiRequest, agent_id: AgentId, data: JSONBody[list[Report]]
) -> list[Reported]:
    """Report how attempts ended; durable when answered."""
    parts, agent = request.parts, _agent_of(request)
    return await report.report(
        agent,
        data,
        database=parts.database,
        blobs=parts.blobs,
        clock=parts.clock,
        wake=parts.wake,
    )


@post("/logs", status_code=200, responses=refusals(*REFUSED))
async def take_logs(
    request: ApiRequest, agent_id: AgentId, data: JSONBody[list[LogChunk]]
) -> list[int]:
    """Send what jobs write; the answer is whose logs are still followed."""
    parts, agent = request.parts, _agent_of(request)
    return await logs.take(agent, data, database=parts.database, taps=parts.taps)


@get(
    "/payloads/{payload_id:str}/{name:path}",
    operation_class=FileOperation,
    responses=refusals(400, 401, 404, 416),
)
async def fetch_payload_file(
    request: ApiRequest, agent_id: AgentId, payload_id: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """Fetch a file of a payload that the agent is to run."""
    parts, agent = request.parts, _agent_of(request)
    file = await lease.payload_file(
        agent, payload_id, name.removeprefix("/"), database=parts.database, blobs=parts.blobs
    )
    return FileAnswer(file, size_bytes=os.fstat(file.fileno()).st_size)


@get(
    "/results/{job_id:int}/{attempt:int}",
    responses=refusals(400, 401, 404),
)
async def show_upload(
    request: ApiRequest, agent_id: AgentId, job_id: JobId, attempt: Attempt
) -> UploadState:
    """Say how much of an attempt's results is here already."""
    return await report.upload_state(job_id, attempt, blobs=request.parts.blobs)


@put(
    "/results/{job_id:int}/{attempt:int}",
    operation_class=BytesOperation,
    responses=refusals(400, 401, 404, 408, 409, 413, 503, 507),
)
async def take_results(
    request: ApiRequest,
    agent_id: AgentId,
    *,
    job_id: JobId,
    attempt: Attempt,
    token: Annotated[str, HeaderParameter(name="Lease-Token", description="The lease's secret.")],
    offset: Annotated[int, QueryParameter(ge=0, description="Where the bytes belong.")] = 0,
) -> UploadState:
    """Send an attempt's results, or go on where an upload broke off."""
    parts, agent = request.parts, _agent_of(request)
    return await report.receive(
        agent,
        job_id,
        attempt,
        token,
        offset=offset,
        chunks=pieces(request.receive, most=MOST_RESULT_BYTES),
        database=parts.database,
        blobs=parts.blobs,
    )


@put(
    "/snapshots/{request_id:str}",
    status_code=204,
    operation_class=BytesOperation,
    responses=refusals(400, 401, 404, 408, 413, 507),
)
async def take_snapshot(request: ApiRequest, agent_id: AgentId, request_id: FromPath[str]) -> None:
    """Send a running job's directory as it is now, as a ZIP."""
    parts, agent = request.parts, _agent_of(request)
    chunks = pieces(request.receive, most=MOST_RESULT_BYTES)
    await parts.snapshots.receive(request_id, agent.id, chunks, parts.blobs.scratch())


@delete("/snapshots/{request_id:str}", responses=refusals(400, 401, 404))
async def refuse_snapshot(
    request: ApiRequest, agent_id: AgentId, request_id: FromPath[str]
) -> None:
    """Say that the agent has no such attempt."""
    parts, agent = request.parts, _agent_of(request)
    parts.snapshots.refuse(request_id, agent.id)


async def _only_itself(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let an agent's own key pass only, before anything of the body is read."""
    parts: Parts = connection.app.state.parts
    kind, _space, key = connection.headers.get("authorization", "").partition(" ")
    connection.scope["state"]["agent"] = await enrol.authenticate(
        str(connection.path_params["agent_id"]),
        key if kind.lower() == "bearer" else None,
        database=parts.database,
    )


def _agent_of(request: ApiRequest) -> Agent:
    """Return the agent whose key the request carries."""
    agent: Agent = request.scope["state"]["agent"]
    return agent


HANDLERS: list[HTTPRouteHandler] = [
    poll_for_work,
    note_started,
    take_reports,
    take_logs,
    fetch_payload_file,
    show_upload,
    take_results,
    take_snapshot,
    refuse_snapshot,
]
