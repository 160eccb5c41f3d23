"""Puts the API together; decides nothing."""

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from joborch.server.api import (
    actions,
    agent_calls,
    agents,
    docs,
    events,
    files,
    groups,
    health,
    history,
    jobs,
    problems,
    seed,
    services,
    snapshot,
    statistics,
    waiting,
)
from joborch.server.api.answers import Negotiated
from joborch.server.api.bodies import ApiRequest
from joborch.server.api.strictness import refuse_unknown_parameters
from joborch.server.parts import Parts
from joborch.web.edge import pass_through


class App(Litestar):
    """The application; every request passes the edge, whatever becomes of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]  # of three kinds of scope, one is ours
        """Serve one connection."""
        if scope["type"] == ScopeType.HTTP:
            await pass_through(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(parts: Parts) -> Litestar:
    """Make the ASGI application that serves these parts."""
    handlers = [
        *jobs.HANDLERS,
        *groups.HANDLERS,
        *actions.HANDLERS,
        *files.HANDLERS,
        *events.HANDLERS,
        *history.HANDLERS,
        *services.HANDLERS,
        *snapshot.HANDLERS,
        *statistics.HANDLERS,
        *waiting.HANDLERS,
        *health.HANDLERS,
        *agents.HANDLERS,
    ]
    for_agents = agent_calls.agent_router(docs.summarize(agent_calls.HANDLERS))
    native = Router(
        "/api/v1",
        route_handlers=[*docs.summarize(handlers), for_agents],
        response_class=Negotiated,
        guards=[refuse_unknown_parameters],
    )
    return App(
        route_handlers=[
            native,
            *docs.summarize(seed.HANDLERS),
            *([] if parts.settings.no_swagger else docs.PAGE),
        ],
        exception_handlers=problems.HANDLERS,
        openapi_config=docs.openapi_config(),
        request_class=ApiRequest,
        state=State({"parts": parts}),
        request_max_body_size=None,
        logging_config=None,
    )
