"""Routes about services and who uses them how much."""

from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter, QueryParameter

from joborch.domain.errors import ServiceNotFoundError
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.problems import refusals
from joborch.server.api.queries import refuse_others
from joborch.server.operations import query
from joborch.wire.services import ServiceList, ServiceView, UsageList


@get("/services", tags=["services"], responses=refusals(503))
async def list_services(request: ApiRequest) -> ServiceList:
    """List all services with their quotas and use."""
    parts = request.parts
    return await query.services(
        database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )


@get("/services/{name:str}", tags=["services"], responses=refusals(400, 404))
async def show_service(
    request: ApiRequest, name: Annotated[str, PathParameter(description="The service's name.")]
) -> ServiceView:
    """Show a service."""
    parts = request.parts
    every = await query.services(
        database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )
    found = next((view for view in every.items if view.name == name), None)
    if found is None:
        raise ServiceNotFoundError(name)
    return found


@get("/usage", tags=["services"], responses=refusals(400, 503))
async def show_usage(
    request: ApiRequest,
    user: Annotated[str | None, QueryParameter(description="Only this user.")] = None,
    service: Annotated[str | None, QueryParameter(description="Only this service.")] = None,
) -> UsageList:
    """List what each user with work has of each service."""
    parts = request.parts
    refuse_others(request.query_params, ["user", "service"])
    return await query.usage(user, service, database=parts.database, catalog=parts.catalog)


HANDLERS: list[HTTPRouteHandler] = [list_services, show_service, show_usage]
