"""Routes about how much the site does, and when it would do more."""

from datetime import timedelta
from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from joborch.domain.durations import parse_duration
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.problems import refusals
from joborch.server.api.queries import read_one, refuse_others
from joborch.server.operations import estimate, statistics
from joborch.server.operations.statistics import Scope
from joborch.wire.statistics import StartEstimate, Statistics

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=7)
MOST = 240
MOST_JOBS = 1_000_000


@get("/statistics", tags=["services"], responses=refusals(400, 404, 503))
async def show_statistics(
    request: ApiRequest,
    *,
    window: Annotated[str, QueryParameter(description="How far back: `1m` to `7d`.")] = "1h",
    buckets: Annotated[int, QueryParameter(ge=2, le=MOST, description="Parts of it.")] = 60,
    service: Annotated[str | None, QueryParameter(description="Only this service.")] = None,
) -> Statistics:
    """Show how much was done, how long it took, and when the queue will be empty."""
    parts = request.parts
    refuse_others(request.query_params, ["window", "buckets", "service"])
    asked = read_one("window", window, _window)
    return await statistics.statistics(
        Scope(window=asked, buckets=buckets, service=service),
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        recent=parts.statistics,
    )


@get("/estimate", tags=["services"], responses=refusals(400, 404, 503))
async def estimate_start(
    request: ApiRequest,
    *,
    service: Annotated[str, QueryParameter(description="The service that would run them.")],
    user: Annotated[str, QueryParameter(description="Whose they would be.")],
    jobs: Annotated[int, QueryParameter(ge=1, le=MOST_JOBS, description="How many.")] = 1,
    priority: Annotated[int, QueryParameter(ge=0, le=100, description="Of all.")] = 50,
) -> StartEstimate:
    """Estimate when the first and the last of so many jobs would start."""
    parts = request.parts
    refuse_others(request.query_params, ["service", "user", "jobs", "priority"])
    return await estimate.estimate(
        estimate.Plan(service=service, user_id=user, jobs=jobs, priority=priority),
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


def _window(text: str) -> timedelta:
    window = parse_duration(text)
    if not SHORTEST <= window <= LONGEST:
        raise ValueError("a window is 1m to 7d long")
    return window


HANDLERS: list[HTTPRouteHandler] = [show_statistics, estimate_start]
