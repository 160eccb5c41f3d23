"""``joborch top``: watch everything, live."""

import gc
import os
import sys
from typing import Annotated

import typer

from joborch.cli.exits import UsageError
from joborch.cli.run import run_top
from joborch.cli.session import Session

EXAMPLES = """
joborch top
joborch top --filter 'user:me state:active'
joborch top --read-only --theme joborch-cb
"""


def top(
    context: typer.Context,
    *,
    filter_text: Annotated[
        str, typer.Option("--filter", metavar="TEXT", help="As typed after / in it.")
    ] = "",
    read_only: Annotated[
        bool, typer.Option("--read-only", "--readonly", help="Nothing can be changed.")
    ] = False,
    theme: Annotated[
        str | None,
        typer.Option("--theme", metavar="NAME", help="E.g. nord, ansi-dark, joborch-cb."),
    ] = None,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw in seven bits.")] = False,
    no_mouse: Annotated[
        bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")
    ] = False,
) -> None:
    """Watch jobs, quotas, agents and services, live; cancel jobs."""
    session = Session.of(context)
    gc.enable()  # it lives long
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "joborch top needs a terminal", hint="use `joborch status` or `joborch status --watch`"
        )
    code = run_top(
        server=session.settings.server,
        timeout=session.settings.timeout,
        user_id=session.settings.user_id,
        filter_text=filter_text,
        theme=theme,
        is_read_only=read_only,
        is_ascii=ascii_only,
        is_colored=session.options.color != "never" and not os.environ.get("NO_COLOR"),
        has_mouse=not no_mouse,
    )
    raise typer.Exit(code)
