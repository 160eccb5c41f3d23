"""Jobs counted by what they have in common."""

from dataclasses import replace
from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from joborch.server.api.bodies import ApiRequest
from joborch.server.api.problems import refusals
from joborch.server.api.queries import read_job_query, read_one, refuse_others
from joborch.server.operations import groups
from joborch.wire.groups import JobGroups

Text = str | None


@get("/jobs/groups", tags=["jobs"], responses=refusals(400, 503))
async def group_jobs(
    request: ApiRequest,
    *,
    by: Annotated[
        str, QueryParameter(description="One of user service state agent reason batch signature.")
    ],
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
) -> JobGroups:
    """Count jobs by what they have in common.

    By `signature`: failed jobs, by how they ended and the telling line of their logs.
    """
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
    }
    refuse_others(request.query_params, ["by", *values])
    parts = request.parts
    asked = read_job_query(values, limit=groups.MOST_EXAMINED, sort="-id")
    return await groups.grouped(
        read_one("by", by, _kind),
        replace(asked, now=parts.clock.now()),
        database=parts.database,
        blobs=parts.blobs,
        signatures=parts.signatures,
        clock=parts.clock,
    )


def _kind(text: str) -> str:
    if text not in groups.KINDS:
        raise ValueError(f"there are {', '.join(groups.KINDS)}")
    return text


HANDLERS: list[HTTPRouteHandler] = [group_jobs]
