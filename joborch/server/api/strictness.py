"""Refuses query parameters that a route which changes something does not have.

Routes that only read refuse them themselves, with ``queries.refuse_others``: what many of them have
in common is no part of their signature.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.params import QueryParameter

from joborch.server.api.queries import refuse_others

READING = frozenset({"GET", "HEAD", "OPTIONS"})


async def refuse_unknown_parameters(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Refuse a request before anything of its body is read.

    Raises:
        InvalidRequestError: naming each parameter that there is not.
    """
    if connection.query_params and connection.scope.get("method") not in READING:
        refuse_others(connection.query_params, _known(handler))


def _known(handler: BaseRouteHandler) -> list[str]:
    fields = handler.parsed_fn_signature.parameters.items()
    return [
        field.kwarg_definition.name or name
        for name, field in fields
        if isinstance(field.kwarg_definition, QueryParameter)
    ]
