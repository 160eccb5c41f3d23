"""Routes by which jobs that are there already are ended, held, changed and submitted again."""

from typing import Annotated

from litestar import Response, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from joborch.domain.actors import user
from joborch.domain.amendments import KEPT, Amendment
from joborch.server.api.answers import Negotiated
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.described import another
from joborch.server.api.forms import BAD_KEY, is_key
from joborch.server.api.jobs import JobId
from joborch.server.api.mistakes import mistakes_in_name, mistakes_in_reason, refuse
from joborch.server.api.problems import refusals
from joborch.server.api.queries import LARGEST_ID
from joborch.server.operations import act, amend, cancel, hold, query, retry
from joborch.server.operations.retry import Again
from joborch.wire.actions import (
    MOST_IDS,
    ActionResults,
    CancelJobs,
    JobAction,
    JobChanges,
    RetryJobs,
    RetryRequest,
    amendment_of,
    name_of,
)
from joborch.wire.jobs import CancelRequest, JobView

MOST_GRACE_S = 86400
Key = Annotated[
    str | None, HeaderParameter(name="Idempotency-Key", description="Retries nothing twice.")
]
By = Annotated[
    str | None, QueryParameter(description="Who asks, for the job's history; else it says `api`.")
]
"""Nobody proves it: whoever reaches the server may act for anybody, as with a submission's user."""


@post(
    "/jobs/{job_id:int}/cancel",
    status_code=200,
    tags=["jobs"],
    responses=refusals(400, 404, 409)
    | {202: another(JobView, "Its agent has been asked to end it.")},
)
async def cancel_job(
    request: ApiRequest,
    job_id: JobId,
    data: JSONBody[CancelRequest | None] = None,
    by: By = None,
) -> Response[JobView]:
    """End a job: at once if it waits, else through its agent."""
    parts = request.parts
    asked = data or CancelRequest()
    refuse([*_mistakes_in_cancel(asked.reason, asked.grace_s), *mistakes_in_name("by", by)])
    job = await cancel.cancel(
        job_id,
        actor=user(by),
        reason=asked.reason,
        grace_s=asked.grace_s,
        database=parts.database,
        roll=parts.roll,
        clock=parts.clock,
        wake=parts.wake,
    )
    view = await query.find(job_id, database=parts.database)
    return Negotiated(view, status_code=200 if job.state.is_terminal else 202)


@post("/jobs/{job_id:int}/hold", status_code=200, tags=["jobs"], responses=refusals(400, 404, 409))
async def hold_job(request: ApiRequest, job_id: JobId, by: By = None) -> JobView:
    """Keep a waiting job from starting until it is released."""
    parts = request.parts
    refuse(mistakes_in_name("by", by))
    await hold.hold(job_id, actor=user(by), database=parts.database, clock=parts.clock)
    return await query.find(job_id, database=parts.database)


@post(
    "/jobs/{job_id:int}/release", status_code=200, tags=["jobs"], responses=refusals(400, 404, 409)
)
async def release_job(request: ApiRequest, job_id: JobId, by: By = None) -> JobView:
    """Release a held job into its place in the line."""
    parts = request.parts
    refuse(mistakes_in_name("by", by))
    await hold.release(
        job_id, actor=user(by), database=parts.database, clock=parts.clock, wake=parts.wake
    )
    return await query.find(job_id, database=parts.database)


@patch("/jobs/{job_id:int}", tags=["jobs"], responses=refusals(400, 404, 409))
async def change_job(
    request: ApiRequest, job_id: JobId, data: JSONBody[JobChanges], by: By = None
) -> JobView:
    """Change what was asked for of a job that waits."""
    parts = request.parts
    refuse(mistakes_in_name("by", by))
    await amend.amend(
        job_id,
        amendment_of(data),
        actor=user(by),
        database=parts.database,
        catalog=parts.catalog,
        clock=parts.clock,
        wake=parts.wake,
    )
    return await query.find(job_id, database=parts.database)


@post(
    "/jobs/{job_id:int}/retry",
    status_code=201,
    tags=["jobs"],
    responses=refusals(400, 404, 409, 422, 503, 507)
    | {200: another(JobView, "The same was asked for before.")},
)
async def retry_job(
    request: ApiRequest,
    job_id: JobId,
    data: JSONBody[RetryRequest | None] = None,
    key: Key = None,
    by: By = None,
) -> Response[JobView]:
    """Submit a job that has ended again, as a new job with the same files."""
    parts = request.parts
    asked = data or RetryRequest()
    refuse(
        [*_mistakes_in_retry(asked.priority), *_mistakes_in_key(key), *mistakes_in_name("by", by)]
    )
    retried = await retry.retry(
        job_id,
        Again(accepts_completed=asked.completed, priority=asked.priority, key=key),
        actor=user(by),
        database=parts.database,
        blobs=parts.blobs,
        catalog=parts.catalog,
        clock=parts.clock,
        wake=parts.wake,
    )
    view = await query.find(retried.job.id, database=parts.database)
    headers = {"location": f"/api/v1/jobs/{view.id}"}
    return Negotiated(view, status_code=200 if retried.is_duplicate else 201, headers=headers)


@post("/jobs/actions", status_code=200, tags=["jobs"], responses=refusals(400, 413, 503, 507))
async def act_on_jobs(
    request: ApiRequest, data: JSONBody[JobAction], key: Key = None, by: By = None
) -> ActionResults:
    """Do one thing to many jobs, to each wholly or not at all; the answer has a result for each."""
    parts = request.parts
    refuse([*_mistakes_in(data), *_mistakes_in_key(key), *mistakes_in_name("by", by)])
    results = await act.act(
        data,
        key=key,
        actor=user(by),
        database=parts.database,
        blobs=parts.blobs,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        wake=parts.wake,
    )
    return ActionResults(action=name_of(data), results=results)


def _mistakes_in(action: JobAction) -> list[str]:
    mistakes = []
    if not 1 <= len(action.ids) <= MOST_IDS:
        mistakes.append(f"ids: 1 to {MOST_IDS} are needed")
    if wrong := [job_id for job_id in action.ids if not 0 < job_id <= LARGEST_ID]:
        mistakes.append(f"ids: {wrong[0]} is no job's id")
    if isinstance(action, CancelJobs):
        mistakes += _mistakes_in_cancel(action.reason, action.grace_s)
    if isinstance(action, RetryJobs):
        mistakes += _mistakes_in_retry(action.priority)
    return mistakes


def _mistakes_in_cancel(reason: str | None, grace_s: float | None) -> list[str]:
    is_possible = grace_s is None or 0 <= grace_s <= MOST_GRACE_S
    mistakes = [] if is_possible else [f"grace_s: not from 0 to {MOST_GRACE_S}"]
    return [*mistakes, *mistakes_in_reason(reason)]


def _mistakes_in_retry(priority: int | None) -> list[str]:
    return Amendment(priority=KEPT if priority is None else priority).mistakes()


def _mistakes_in_key(key: str | None) -> list[str]:
    return [] if key is None or is_key(key) else [BAD_KEY]


HANDLERS: list[HTTPRouteHandler] = [
    cancel_job,
    hold_job,
    release_job,
    change_job,
    retry_job,
    act_on_jobs,
]
