"""Routes about services, who uses them how much, and what operators decide about both."""

from typing import Annotated

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import UNSET

from joborch.domain.actors import ANYBODY
from joborch.domain.amendments import KEPT
from joborch.domain.errors import ServiceNotFoundError
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.mistakes import mistakes_in_name, mistakes_in_reason, refuse
from joborch.server.api.problems import refusals
from joborch.server.api.queries import refuse_others
from joborch.server.operations import pause, query
from joborch.server.operations.allow import Allowance, allow
from joborch.wire.services import (
    PauseRequest,
    QuotaRequest,
    ServiceList,
    ServiceView,
    UsageList,
    UsageView,
)

MOST_JOBS = 2**31

ServiceName = Annotated[str, PathParameter(description="The service's name.")]


@get("/services", tags=["services"], responses=refusals(503))
async def list_services(request: ApiRequest) -> ServiceList:
    """List all services with their quotas and use."""
    parts = request.parts
    return await query.services(
        database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )


@get("/services/{name:str}", tags=["services"], responses=refusals(400, 404))
async def show_service(request: ApiRequest, name: ServiceName) -> ServiceView:
    """Show a service."""
    return await _shown(request, name)


@post(
    "/services/{name:str}/pause",
    status_code=200,
    tags=["services"],
    responses=refusals(400, 404, 503),
)
async def pause_service(
    request: ApiRequest, name: ServiceName, data: JSONBody[PauseRequest | None] = None
) -> ServiceView:
    """Start no more jobs of a service until it is resumed; it takes them, and what runs goes on."""
    parts, asked = request.parts, data or PauseRequest()
    refuse([*mistakes_in_reason(asked.reason), *mistakes_in_name("by", asked.by)])
    await pause.pause(
        name,
        actor=asked.by or ANYBODY,
        reason=asked.reason or None,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )
    return await _shown(request, name)


@post(
    "/services/{name:str}/resume",
    status_code=200,
    tags=["services"],
    responses=refusals(400, 404, 503),
)
async def resume_service(request: ApiRequest, name: ServiceName) -> ServiceView:
    """Start jobs of a paused service again, at once."""
    parts = request.parts
    await pause.resume(name, database=parts.database, catalog=parts.catalog, wake=parts.wake)
    return await _shown(request, name)


@post("/quotas", status_code=200, tags=["services"], responses=refusals(400, 404, 503))
async def set_quota(request: ApiRequest, data: JSONBody[QuotaRequest]) -> UsageView:
    """Give one user of a service a quota of their own; what is not named stays."""
    parts = request.parts
    refuse(_mistakes_in_quota(data))
    wanted = Allowance(
        service=data.service,
        user_id=data.user_id,
        running=KEPT if data.running is UNSET else data.running,
        queued=KEPT if data.queued is UNSET else data.queued,
    )
    await allow(
        wanted,
        actor=data.by or ANYBODY,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        wake=parts.wake,
    )
    return await query.usage_of(
        data.user_id, data.service, database=parts.database, catalog=parts.catalog
    )


@get("/usage", tags=["services"], responses=refusals(400, 503))
async def show_usage(
    request: ApiRequest,
    user: Annotated[str | None, QueryParameter(description="Only this user.")] = None,
    service: Annotated[str | None, QueryParameter(description="Only this service.")] = None,
) -> UsageList:
    """List what each user with work, or with a quota of their own, has of each service."""
    parts = request.parts
    refuse_others(request.query_params, ["user", "service"])
    return await query.usage(user, service, database=parts.database, catalog=parts.catalog)


async def _shown(request: ApiRequest, name: str) -> ServiceView:
    parts = request.parts
    every = await query.services(
        database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )
    found = next((view for view in every.items if view.name == name), None)
    if found is None:
        raise ServiceNotFoundError(name)
    return found


def _mistakes_in_quota(asked: QuotaRequest) -> list[str]:
    numbers = {"running": asked.running, "queued": asked.queued}
    mistakes = mistakes_in_name("user_id", asked.user_id)
    if all(number is UNSET for number in numbers.values()):
        mistakes.append("running, queued: at least one of them is needed")
    for name, number in numbers.items():
        if isinstance(number, int) and not 0 <= number <= MOST_JOBS:
            mistakes.append(f"{name}: not a whole number from 0 to {MOST_JOBS}")
    return [*mistakes, *mistakes_in_name("by", asked.by)]


HANDLERS: list[HTTPRouteHandler] = [
    list_services,
    show_service,
    pause_service,
    resume_service,
    set_quota,
    show_usage,
]
