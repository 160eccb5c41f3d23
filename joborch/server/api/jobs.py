"""Routes about jobs: submit, list, show, follow, explain."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter, PathParameter, QueryParameter

from joborch.server.api.answers import Negotiated
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.choosing import CHOOSING, Chosen, Text
from joborch.server.api.described import SubmitOperation, another
from joborch.server.api.forms import read_order
from joborch.server.api.problems import refusals
from joborch.server.api.queries import (
    LARGEST_ID,
    parse_states,
    read_ids,
    read_job_query,
    read_one,
    refuse_others,
)
from joborch.server.api.submissions import Received, receive_submission
from joborch.server.operations import explain, query
from joborch.web.streams import unless_gone
from joborch.wire.events import EventPage
from joborch.wire.jobs import (
    Environment,
    Explanation,
    Explanations,
    JobPage,
    JobView,
    Submitted,
    SubmittedJob,
    batch_name,
)

JobId = Annotated[int, PathParameter(ge=1, le=LARGEST_ID, description="The job's id.")]


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
    places: Annotated[
        bool, QueryParameter(description="Tell each job's place in its user's line.")
    ] = False,
) -> Response[Submitted]:
    """Submit a job, or an array of jobs, with its files."""
    received = await receive_submission(request, lambda fields: read_order(fields, key))
    jobs, parts = received.accepted.jobs, request.parts
    asked = explain.places(jobs, database=parts.database, clock=parts.clock) if places else None
    return _submitted(received, await asked if asked else {})


@get("/jobs", tags=["jobs"], dependencies=CHOOSING, responses=refusals(400, 503))
async def list_jobs(
    request: ApiRequest,
    *,
    which: Chosen,
    sort: Annotated[
        str, QueryParameter(description="Fields, with commas and `-` for descending: `user,-name`.")
    ] = "-id",
    limit: Annotated[int, QueryParameter(ge=1, le=1000, description="Jobs on a page.")] = 50,
    cursor: Annotated[Text, QueryParameter(description="`next` of the page before.")] = None,
) -> JobPage:
    """List jobs, page by page."""
    parts = request.parts
    values = {**which, "cursor": cursor}
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
    (explanation,) = await _explained(request, [job_id])
    return explanation


@get("/explanations", tags=["jobs"], responses=refusals(400, 404))
async def explain_jobs(
    request: ApiRequest,
    job_ids: Annotated[
        list[str] | None,
        QueryParameter(name="id", description="Ids of jobs, also with commas; at most 1000."),
    ] = None,
) -> Explanations:
    """Explain why several jobs wait, all at one moment."""
    refuse_others(request.query_params, ["id"])
    return Explanations(items=await _explained(request, read_ids(job_ids)))


async def _explained(request: ApiRequest, job_ids: Sequence[int]) -> list[Explanation]:
    parts = request.parts
    return await explain.explain(
        job_ids,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        turned_away=parts.blobs.turned_away,
    )


@get("/jobs/{job_id:int}/environment", tags=["jobs"], responses=refusals(400, 404))
async def show_environment(request: ApiRequest, job_id: JobId) -> Environment:
    """Show the variables that were submitted with a job; secrets are masked."""
    return await query.environment(job_id, database=request.parts.database)


def _submitted(received: Received, places: Mapping[int, int]) -> Response[Submitted]:
    accepted = received.accepted
    first, was_there = accepted.jobs[0], accepted.is_duplicate
    view = Submitted(
        service=first.service,
        user_id=first.user_id,
        batch=batch_name(accepted.batch_id),
        jobs=[
            SubmittedJob(
                id=job.id,
                state=job.state.value,
                array_index=job.array_index,
                duplicate=was_there,
                position=places.get(job.id),
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
    explain_jobs,
    show_environment,
]
