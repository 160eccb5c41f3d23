"""``joborch run``: a job as if it ran here, with its output, its files and its exit status."""

from typing import Annotated

import typer

from joborch.cli import submit_options as opts
from joborch.cli.after import AFTER_FIELDS, After
from joborch.cli.env_files import env_texts
from joborch.cli.errand import Errand, sentence
from joborch.cli.exclusion import Exclusion
from joborch.cli.exits import UsageError
from joborch.cli.fields import fields_of
from joborch.cli.session import Session
from joborch.cli.template import Template, tell_notes
from joborch.cli.wishes import Wishes
from joborch.domain.text import one_line
from joborch.wire.jobs import Submitted, SubmittedJob

EXAMPLES = """
joborch run -s example run.sh 2oob.pdb
joborch run -s example -- ./prodigy --threads 4 complex.pdb
joborch run -s example --no-fetch -- hostname
"""
FIELDS = (*fields_of(SubmittedJob), *AFTER_FIELDS)


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
    env_file: opts.EnvFile = None,
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
    session = Session.of(context, fields=FIELDS)
    wishes = Wishes(
        service=service,
        user=user,
        name=name,
        priority=priority,
        tags=tag or (),
        env=[*env_texts(env_file or []), *(env or [])],
        inputs=inputs or (),
        time_limit=time_limit,
        max_attempts=max_attempts,
    )
    after = After(
        is_following=True,
        into=None if no_fetch else directory or "",
        is_propagating=True,
        cancels_on_interrupt=cancel_on_interrupt,
    )
    template = Template.read(context, arguments or [], wishes, exclude=Exclusion(exclude or ()))
    if template.wishes.array:
        raise UsageError("run is for one job, and the script asks for an array")
    filled = template.alone()
    tell_notes(session, template, [filled.staged])
    Errand(session=session, filled=filled, after=after, tell=_tell).carry_out()


def _tell(errand: Errand, submitted: Submitted) -> None:
    output = errand.session.output
    if output.is_json:
        output.document(submitted)  # also a job that writes nothing has an id
        return
    output.note(one_line(sentence(submitted)))
