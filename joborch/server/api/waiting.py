"""Why jobs wait, many at once, and whose turn it is."""

from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from joborch.server.api.bodies import ApiRequest
from joborch.server.api.problems import refusals
from joborch.server.api.queries import read_ids, refuse_others
from joborch.server.operations import waiting
from joborch.wire.waiting import Waiting


@get("/waiting", tags=["jobs"], responses=refusals(400, 503))
async def show_waiting(
    request: ApiRequest,
    job_ids: Annotated[
        list[str] | None,
        QueryParameter(name="id", description="Ids of jobs, also with commas; at most 1000."),
    ] = None,
) -> Waiting:
    """Say why jobs wait, and in which order the users' lines are served."""
    parts = request.parts
    refuse_others(request.query_params, ["id"])
    return await waiting.waiting(
        read_ids(job_ids),
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


HANDLERS: list[HTTPRouteHandler] = [show_waiting]
