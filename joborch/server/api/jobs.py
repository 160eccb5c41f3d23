"""Routes about jobs: submit, list, show, follow, explain."""

from dataclasses import replace
from typing import Annotated

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter, PathParameter, QueryParameter

from joborch.server.api.answers import Negotiated
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.described import SubmitOperation, another
from joborch.server.api.forms import read_order
from joborch.server.api.problems import refusals
from joborch.server.api.queries import (
    LARGEST_ID,
    parse_states,
    read_job_query,
    read_one,
    refuse_others,
)
from joborch.server.api.submissions import Received, receive_submission
from joborch.server.operations import explain, query
from joborch.web.streams import unless_gone
from joborch.wire.events import EventPage
from joborch.wire.jobs import (
    Explanation,
    JobPage,
    JobView,
    Submitted,
    SubmittedJob,
    batch_name,
)

JobId = Annotated[int, PathParameter(ge=1, le=LARGEST_ID, description="The job's id.")]
Text = str | None


@post(
    "/jobs",
    tags=["jobs"],
    operation_class=SubmitOperation,
    responses=refusals(400, 408, 409, 413, 422, 503, 507)
    | {200: another(Submitted, "The same was submitted before.")},
)
async def submit_job(
    request: ApiRequest,
    key: Annotated[
        Text,
        HeaderParameter(name="Idempotency-Key", description="Submits nothing twice."),
    ] = None,
) -> Response[Submitted]:
    """Submit a job, or an array of jobs, with its files."""
    received = await receive_submission(request, lambda fields: read_order(fields, key))
    return _submitted(received)


@get("/jobs", tags=["jobs"], responses=refusals(400, 503))
async def list_jobs(
    request: ApiRequest,
    *,
    job_ids: Annotated[Text, QueryParameter(name="id", description="Ids, with commas.")] = None,
    user: Annotated[Text, QueryParameter(description="Users, with commas.")] = None,
    service: Annotated[Text, QueryParameter(description="Services, with commas.")] = None,
    states: Annotated[
        Text, QueryParameter(name="state", description="States and groups, with commas.")
    ] = None,
    batch: Annotated[Text, QueryParameter(description="A batch, like `b-31`.")] = None,
    name: Annotated[Text, QueryParameter(description="A name or a pattern, like `dock-*`.")] = None,
    tag: Annotated[Text, QueryParameter(description="A tag, as `KEY=VALUE`.")] = None,
    agent: Annotated[Text, QueryParameter(description="Agents by name or id, with commas.")] = None,
    since: Annotated[Text, QueryParameter(description="Submitted then or later; RFC 3339.")] = None,
    until: Annotated[Text, QueryParameter(description="Submitted before then; RFC 3339.")] = None,
    expression: Annotated[
        Text, QueryParameter(name="q", description="A filter, like `state:failed age<2h dock`.")
    ] = None,
    sort: Annotated[str, QueryParameter(description="A field, with `-` for descending.")] = "-id",
    limit: Annotated[int, QueryParameter(ge=1, le=1000, description="Jobs on a page.")] = 50,
    cursor: Annotated[Text, QueryParameter(description="`next` of the page before.")] = None,
) -> JobPage:
    """List jobs, page by page."""
    parts = request.parts
    values = {
        "id": job_ids,
        "user": user,
        "service": service,
        "state": states,
        "batch": batch,
        "name": name,
        "tag": tag,
        "agent": agent,
        "since": since,
        "until": until,
        "q": expression,
        "cursor": cursor,
    }
    refuse_others(request.query_params, [*values, "sort", "limit"])
    asked = read_job_query(values, limit=limit, sort=sort)
    wanted = replace(asked, now=parts.clock.now())
    return await query.page(wanted, database=parts.database)


@get("/jobs/{job_id:int}", tags=["jobs"], responses=refusals(400, 404))
async def show_job(
    request: ApiRequest,
    job_id: JobId,
    wait_s: Annotated[
        float, QueryParameter(ge=0, le=60, description="How long to wait for `until`, in seconds.")
    ] = 0,
    until: Annotated[str, QueryParameter(description="States and groups, with commas.")] = "done",
) -> JobView:
    """Show a job; wait for a state of it if asked to."""
    parts = request.parts
    refuse_others(request.query_params, ["wait_s", "until"])
    states = read_one("until", until, parse_states)
    if not wait_s:
        return await query.find(job_id, database=parts.database)
    waiting = query.wait(
        job_id,
        states,
        wait_s,
        database=parts.database,
        feed=parts.feed,
        stopping=parts.stopping,
    )
    return await unless_gone(request.receive, waiting)


@get("/jobs/{job_id:int}/events", tags=["jobs"], responses=refusals(400, 404))
async def show_history(request: ApiRequest, job_id: JobId) -> EventPage:
    """List everything that happened to a job."""
    parts = request.parts
    return await query.history(job_id, database=parts.database)


@get("/jobs/{job_id:int}/explain", tags=["jobs"], responses=refusals(400, 404))
async def explain_job(request: ApiRequest, job_id: JobId) -> Explanation:
    """Explain why a job waits."""
    parts = request.parts
    return await explain.explain(
        job_id,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


def _submitted(received: Received) -> Response[Submitted]:
    accepted = received.accepted
    first, was_there = accepted.jobs[0], accepted.is_duplicate
    view = Submitted(
        service=first.service,
        user_id=first.user_id,
        batch=batch_name(accepted.batch_id),
        jobs=[
            SubmittedJob(
                id=job.id, state=job.state.value, array_index=job.array_index, duplicate=was_there
            )
            for job in accepted.jobs
        ],
        files=received.files,
        size_bytes=received.size_bytes,
    )
    headers = {"location": f"/api/v1/jobs/{first.id}"}
    return Negotiated(view, status_code=200 if was_there else 201, headers=headers)


HANDLERS: list[HTTPRouteHandler] = [
    submit_job,
    list_jobs,
    show_job,
    show_history,
    explain_job,
]
