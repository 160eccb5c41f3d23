"""Everything that a dashboard shows, in one answer."""

from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from joborch.server.api.bodies import ApiRequest
from joborch.server.api.problems import refusals
from joborch.server.api.queries import refuse_others
from joborch.server.operations.snapshot import MOST_JOBS, snapshot
from joborch.wire.snapshot import Snapshot


@get("/snapshot", tags=["jobs"], responses=refusals(400, 503))
async def show_snapshot(
    request: ApiRequest,
    ended: Annotated[
        int,
        QueryParameter(ge=0, le=MOST_JOBS, description="How many of those that have ended."),
    ] = 1000,
) -> Snapshot:
    """Show all jobs that have not ended, the newest that have, and everything around them."""
    parts = request.parts
    refuse_others(request.query_params, ["ended"])
    return await snapshot(
        ended,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


HANDLERS: list[HTTPRouteHandler] = [show_snapshot]
