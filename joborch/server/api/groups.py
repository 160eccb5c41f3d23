"""Jobs counted by what they have in common."""

from dataclasses import replace
from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from joborch.server.api.bodies import ApiRequest
from joborch.server.api.choosing import CHOOSING, Chosen
from joborch.server.api.problems import refusals
from joborch.server.api.queries import read_job_query, read_one, refuse_others
from joborch.server.operations import groups
from joborch.wire.groups import JobGroups


@get("/jobs/groups", tags=["jobs"], dependencies=CHOOSING, responses=refusals(400, 503))
async def group_jobs(
    request: ApiRequest,
    *,
    by: Annotated[
        str, QueryParameter(description="One of user service state agent reason batch signature.")
    ],
    which: Chosen,
) -> JobGroups:
    """Count jobs by what they have in common.

    By `signature`: failed jobs, by how they ended and the telling line of their logs.
    """
    refuse_others(request.query_params, ["by", *which])
    parts = request.parts
    asked = read_job_query(which, limit=groups.MOST_EXAMINED, sort="-id")
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
