"""``joborch logout``: forget a server's token."""

import os
from typing import Annotated

import typer

from joborch.cli.facts import show_facts
from joborch.cli.login import VARIABLES
from joborch.cli.options import Common
from joborch.cli.output import Output
from joborch.cli.session import Session
from joborch.client.credentials import forget, forget_all
from joborch.client.places import credentials_path
from joborch.domain.errors import NotFoundError

EXAMPLES = """
joborch logout
joborch logout --server https://orch.example.org
joborch logout --all
"""


def logout(
    context: typer.Context,
    *,
    everywhere: Annotated[bool, typer.Option("--all", help="Forget the tokens of all.")] = False,
) -> None:
    """Forget the token that `joborch login` stored for a server.

    That ends nothing on the server's side: a token that somebody else may have is to be withdrawn
    where it was given out.
    """
    options = context.obj if isinstance(context.obj, Common) else Common()
    output = Output(options, fields=("server", "path"))
    path = credentials_path(os.environ)
    if everywhere:  # even if the file cannot be read any more
        server, had_one = None, forget_all(path)
    else:
        server = Session.of(context).settings.server
        had_one = forget(path, server)
    if not had_one:
        raise NotFoundError(f"no token is stored for {server or 'any server'}")
    if output.is_json:
        show_facts(output, "joborch.logout/1", {"server": server, "path": str(path)})
    output.note(f"The {'tokens are' if everywhere else f'token for {server} is'} forgotten.")
    if set_ones := [name for name in VARIABLES if os.environ.get(name)]:
        output.note(f"note: {set_ones[0]} is still set, and still sent")
