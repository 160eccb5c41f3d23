"""What happened to jobs, page by page."""

from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from joborch.server.api.bodies import ApiRequest
from joborch.server.api.problems import refusals
from joborch.server.api.queries import parse_seq, read_job_query, read_one, refuse_others
from joborch.server.operations import history
from joborch.server.operations.history import HistoryQuery
from joborch.wire.events import EventPage

MOST = 1000
PARAMETERS = ("before", "after", "limit", "job", "batch", "user", "service")

Text = str | None


@get("/history", tags=["events"], responses=refusals(400, 503))
async def show_past(
    request: ApiRequest,
    *,
    before: Annotated[Text, QueryParameter(description="Only events before this one.")] = None,
    after: Annotated[Text, QueryParameter(description="Only events after this one.")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST, description="Events on a page.")] = MOST,
    job: Annotated[Text, QueryParameter(description="Ids, with commas.")] = None,
    batch: Annotated[Text, QueryParameter(description="A batch, like `b-31`.")] = None,
    user: Annotated[Text, QueryParameter(description="Users, with commas.")] = None,
    service: Annotated[Text, QueryParameter(description="Services, with commas.")] = None,
) -> EventPage:
    """List what happened, the newest first page by page.

    With `after` alone the pages go from the oldest to the newest. `next` is the `before`, or the
    `after`, of the page that follows, and null at the end.
    """
    wanted = {"id": job, "batch": batch, "user": user, "service": service}
    refuse_others(request.query_params, PARAMETERS)
    asked = HistoryQuery(
        before=read_one("before", before, parse_seq) if before else None,
        after=read_one("after", after, parse_seq) if after else None,
        limit=limit,
        jobs=read_job_query(wanted, limit=limit, sort="id"),
    )
    return await history.past(asked, database=request.parts.database)


HANDLERS: list[HTTPRouteHandler] = [show_past]
