"""Which jobs a request is about: the parameters that routes about many jobs have in common."""

from collections.abc import Mapping
from typing import Annotated

from litestar.di import Provide
from litestar.params import QueryParameter

Text = str | None
Chosen = Mapping[str, Text]
"""What was given of them, as texts, by the names that clients use."""


def chosen(
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
) -> Chosen:
    """Take the parameters out of a request; :func:`queries.read_job_query` understands them."""
    return {
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


CHOOSING = {"which": Provide(chosen, sync_to_thread=False)}
"""What a route has that is told in ``which`` what was chosen."""
