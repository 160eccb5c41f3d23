"""``joborch submit``: queue one job, or an array of jobs of the same files."""

from pathlib import Path
from typing import Annotated

import typer

from joborch.cli import submit_options as opts
from joborch.cli.errand import After, Errand, sentence
from joborch.cli.exits import UsageError
from joborch.cli.session import Session
from joborch.cli.staging import Staged, stage
from joborch.cli.times import size
from joborch.client import Submission
from joborch.domain.arrays import parse_array
from joborch.domain.text import one_line
from joborch.wire.jobs import Submitted

EXAMPLES = """
joborch submit -s example run.sh 2oob.pdb
joborch submit -s example -w -- ./prodigy --threads 4 complex.pdb
joborch submit -s example -a 1-250 -- bash -c 'sleep 30; echo done > output.txt'
id=$(joborch submit -s example DIRECTORY)
"""


def submit(
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
    array: Annotated[
        str | None,
        typer.Option("-a", "--array", metavar="SPEC", help="One job an index: 1-250, 1-9%3."),
    ] = None,
    time_limit: opts.TimeLimit = None,
    max_attempts: opts.MaxAttempts = None,
    hold: Annotated[bool, typer.Option("--hold", help="Wait until released.")] = False,
    begin: Annotated[
        str | None, typer.Option("--begin", metavar="WHEN", help="Not before: 2h, 14:30, ISO.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "-k", "--key", metavar="TEXT", help="Submitting again under this key changes nothing."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("-w", "--wait", help="Wait for the end.")] = False,
    follows: Annotated[bool, typer.Option("-f", "--follow", help="Show the output.")] = False,
    fetch: Annotated[
        str | None, typer.Option("--fetch", metavar="DIR", help="Wait, then download.")
    ] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Wait until the first fails.")
    ] = False,
    propagate: Annotated[bool, typer.Option("--propagate", help="Exit as the job did.")] = False,
    cancel_on_interrupt: Annotated[
        bool, typer.Option("--cancel-on-interrupt", help="Ctrl-C ends the job too.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
) -> None:
    """Queue one job or an array of jobs."""
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
        array=array,
        begin=begin,
        is_held=hold,
        key=key,
    )
    after = After(
        is_waiting=wait,
        is_following=follows,
        into=fetch,
        is_fail_fast=fail_fast,
        is_propagating=propagate,
        cancels_on_interrupt=cancel_on_interrupt,
    )
    command = context.meta["joborch.tail"]
    if array and (follows or propagate):
        raise UsageError("--follow and --propagate are for one job, not for an array")
    command = context.meta["joborch.tail"]
    staged = stage(arguments or [], command=command, inputs=inputs or [], exclude=exclude or [])
    for note in staged.notes:
        session.output.note(f"warning: {note}")
    errand = Errand(session=session, wishes=wishes, staged=staged, after=after, tell=_tell)
    if not dry_run:
        errand.carry_out()
    _tell_plan(session, session.run(errand.rehearse), staged)


def _tell(errand: Errand, submitted: Submitted) -> None:
    output = errand.session.output
    if output.is_json:
        output.document(submitted)
    elif output.is_for_programs:
        for job in submitted.jobs:
            output.line(str(job.id))
    else:
        output.line(one_line(sentence(submitted)))
        if not errand.after.is_anything:
            first = submitted.jobs[0].id
            output.hint(f"joborch logs -f {first}  ·  joborch status {first}")


def _tell_plan(session: Session, plan: Submission, staged: Staged) -> None:
    jobs = len(parse_array(plan.array).indices) if plan.array else 1
    weights = {name: _weight(content) for name, content in plan.files.items()}
    if session.output.is_json:
        files = [{"name": name, "size_bytes": weight} for name, weight in weights.items()]
        session.output.document(
            {
                "schema": "joborch.plan/1",
                "service": plan.service,
                "user_id": plan.user_id,
                "jobs": jobs,
                "files": files,
                "size_bytes": staged.size_bytes,
            }
        )
        return
    for name, weight in weights.items():
        session.output.line(f"{size(weight):>8}  {one_line(name)}")
    session.output.note(
        f"Would submit {jobs} job{'s' * (jobs != 1)} of user {plan.user_id} to {plan.service}: "
        f"{len(weights)} file{'s' * (len(weights) != 1)}, {size(staged.size_bytes)}"
    )


def _weight(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
