"""``joborch login``: keep a token for a server, once it is known to be accepted."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from joborch.cli.exits import UsageError
from joborch.cli.facts import Facts, show_facts
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.client.credentials import checked, goes_in_the_clear, read_token, store
from joborch.client.places import credentials_path
from joborch.domain.errors import NotAllowedError, SettingsError

EXAMPLES = """
joborch login
joborch login --server https://orch.example.org
pass show joborch | joborch login --token-stdin
joborch login --token-file ~/token
"""
VARIABLES = ("JOBORCH_TOKEN", "JOBORCH_TOKEN_FILE")
MOST_TYPED = 64 * 1024


def login(
    context: typer.Context,
    *,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Read the token from stdin.")
    ] = False,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FILE", help="Read it from a file.")
    ] = None,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not ask the server whether it is accepted.")
    ] = False,
) -> None:
    """Keep a token for a server, or for the proxy before it, to show it with every request.

    The token is asked for without being shown. It cannot be an argument: what is typed on a command
    line is there for others to read. It is stored in credentials.toml, beside the configuration,
    for this address alone.
    """
    session = Session.of(context, fields=("server", "path", "checked"))
    token = _token(session, token_file, is_from_stdin=token_stdin)
    server = session.settings.server
    if goes_in_the_clear(server) and session.settings.token is None:
        session.output.note(f"warning: the token goes to {server} unencrypted: use https://")
    if not no_check:
        _check(session, token)
    path = credentials_path(os.environ)
    store(path, server, token)
    _tell(session, path, is_checked=not no_check)


def _token(session: Session, file: Path | None, *, is_from_stdin: bool) -> str:
    if file is not None and is_from_stdin:
        raise UsageError("the token comes from --token-stdin or --token-file, not from both")
    if file is not None:
        return read_token(file)
    if is_from_stdin:
        return checked(sys.stdin.read(MOST_TYPED), "stdin")
    if not session.may_ask:
        raise UsageError(
            "a token is needed, and nobody is here to type one",
            hint="use --token-stdin or --token-file FILE",
        )
    return checked(_typed(session.settings.server), "that")


def _typed(server: str) -> str:
    import getpass

    try:
        return getpass.getpass(f"Token for {server}: ", stream=sys.stderr)
    except EOFError:
        raise SettingsError("no token was typed; nothing was stored") from None


def _check(session: Session, token: str) -> None:
    async def with_and_without(server: Orchestrator) -> bool:
        async with session.connect(token=token) as holder:
            await holder.meta()
        async with Orchestrator(server.server, timeout=session.settings.timeout) as stranger:
            try:
                await stranger.meta()
            except NotAllowedError:
                return True
        return False

    try:
        is_needed = session.run(with_and_without)
    except NotAllowedError as error:
        error.details["why"] = "the token was refused, and is not stored"
        error.hint = "get another token and try again, or store it with --no-check"
        raise
    if not is_needed:
        session.output.note("note: this server answers without a token, too")


def _tell(session: Session, path: Path, *, is_checked: bool) -> None:
    server, output = session.settings.server, session.output
    if output.is_json:
        facts: Facts = {"server": server, "path": str(path), "checked": is_checked}
        show_facts(output, "joborch.login/1", facts)
    word = "accepted and stored" if is_checked else "stored, unchecked"
    output.note(f"The token for {server} is {word} in {path}.")
    if set_ones := [name for name in VARIABLES if os.environ.get(name)]:
        output.note(f"note: {set_ones[0]} is set, and wins over what is stored")
