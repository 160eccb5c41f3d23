"""``joborch whoami``: as whom one speaks to which server, and how that came about."""

import typer

from joborch.cli.facts import show_facts
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.errors import JoborchError

EXAMPLES = """
joborch whoami
joborch whoami --profile prod --json
joborch whoami -q
"""
UNKNOWN = "unknown"


def whoami(context: typer.Context) -> None:
    """Show user, server, profile and token, where each comes from, and what the server demands."""
    session = Session.of(context)
    if session.output.form == "ids":
        session.output.line(session.settings.user_id)
        return
    auth, trouble = UNKNOWN, None
    try:
        auth = session.run(_asked)
    except JoborchError as error:  # what is known without the server is told nevertheless
        trouble = error
    show_facts(session.output, "joborch.whoami/1", _facts(session) | {"auth": auth})
    if trouble is not None:
        raise trouble


async def _asked(server: Orchestrator) -> str:
    return (await server.meta()).auth


def _facts(session: Session) -> dict[str, str | bool | None]:
    settings = session.settings
    return {
        "user": settings.user_id,
        "user_from": settings.known["user_id"].origin,
        "server": settings.server,
        "server_from": settings.known["server"].origin,
        "profile": settings.profile,
        "read_only": settings.is_read_only,
        "token": settings.token is not None,
        "token_from": settings.token.origin if settings.token else None,
    }
