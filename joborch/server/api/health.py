"""Routes about the server itself."""

import asyncio

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from joborch import __version__
from joborch.domain.errors import JoborchError
from joborch.server.api.answers import Negotiated
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.described import another
from joborch.server.api.problems import refusals
from joborch.server.operations import query
from joborch.server.parts import Parts
from joborch.wire.services import Health, Meta

PATIENCE_S = 5.0


@get(
    "/health",
    tags=["server"],
    responses={503: another(Health, "It cannot do its work.")},
)
async def show_health(request: ApiRequest) -> Response[Health]:
    """Say whether the server can do its work."""
    parts = request.parts
    database = await database_state(parts)
    status = "stopping" if parts.stopping.is_set() else database
    return Negotiated(
        Health(status=status, database=database, disk=parts.blobs.room.state),
        status_code=200 if status == "ok" else 503,
    )


@get("/meta", tags=["server"], responses=refusals(503))
async def show_meta(request: ApiRequest) -> Meta:
    """Say what this server is and allows."""
    parts = request.parts
    settings = parts.settings
    return Meta(
        version=__version__,
        started_at=parts.started_at,
        compat=settings.compat,
        auth="none",
        services=[*parts.catalog.names()],
        max_upload_bytes=settings.max_upload,
        max_files=settings.max_files,
        retention_s=settings.max_age.total_seconds(),
    )


async def database_state(parts: Parts) -> str:
    """Return ``ok``, or ``failed`` if the database cannot be read, or the disk not be written."""
    if parts.database.has_failed or parts.blobs.has_failed:
        return "failed"
    try:
        async with asyncio.timeout(PATIENCE_S):
            await query.newest_event(database=parts.database)
    except (JoborchError, TimeoutError, OSError):
        return "failed"
    return "ok"


HANDLERS: list[HTTPRouteHandler] = [show_health, show_meta]
