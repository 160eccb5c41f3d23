"""``joborch run``: a job as if it ran here, with its output, its files and its exit status."""

from typing import Annotated

import typer

from joborch.cli import submit_options as opts
from joborch.cli.errand import After, Errand, sentence
from joborch.cli.session import Session
from joborch.cli.staging import stage
from joborch.domain.text import one_line
from joborch.wire.jobs import Submitted

EXAMPLES = """
joborch run -s example run.sh 2oob.pdb
joborch run -s example -- ./prodigy --threads 4 complex.pdb
joborch run -s example --no-fetch -- hostname
"""


def run_job(
    context: typer.Context,
    *,
    arguments: opts.Arguments = None,
    service: opts.Service = None,
    user: opts.User = None,
    name: opts.Name = None,
    priority: opts.Priority = None,
    tag: opts.Tags = None,
    env: opts.Env = None,
    inputs: opts.Inputs = None,
    exclude: opts.Exclude = None,
    time_limit: opts.TimeLimit = None,
    max_attempts: opts.MaxAttempts = None,
    directory: Annotated[
        str | None, typer.Option("-d", "--dir", metavar="DIR", help="Where results go.")
    ] = None,
    no_fetch: Annotated[bool, typer.Option("--no-fetch", help="Leave the results there.")] = False,
    cancel_on_interrupt: Annotated[
        bool, typer.Option("--cancel-on-interrupt", help="Ctrl-C ends the job too.")
    ] = False,
) -> None:
    """Submit a job, show its output, fetch its results, and exit as it did."""
    session = Session.of(context)
    wishes = opts.Wishes(
        service=service,
        user=user,
        name=name,
        priority=priority,
        tags=tag or (),
        env=env or (),
        time_limit=time_limit,
        max_attempts=max_attempts,
    )
    after = After(
        is_following=True,
        into=None if no_fetch else directory or "",
        is_propagating=True,
        cancels_on_interrupt=cancel_on_interrupt,
    )
    command = context.meta["joborch.tail"]
    staged = stage(arguments or [], command=command, inputs=inputs or [], exclude=exclude or [])
    Errand(session=session, wishes=wishes, staged=staged, after=after, tell=_tell).carry_out()


def _tell(errand: Errand, submitted: Submitted) -> None:
    errand.session.output.note(one_line(sentence(submitted)))
