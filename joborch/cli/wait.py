"""``joborch wait``: return once jobs have ended, with an exit code that says how."""

from typing import Annotated

import typer

from joborch.cli import outcome
from joborch.cli.exits import INTERRUPTED, UsageError
from joborch.cli.fields import fields_of
from joborch.cli.filtering import Where
from joborch.cli.follow import Waiting, tell_ends
from joborch.cli.selection import select
from joborch.cli.session import Session, duration
from joborch.client import Orchestrator
from joborch.domain.selectors import check_states
from joborch.domain.states import JobState
from joborch.wire.jobs import JobView

EXAMPLES = """
joborch wait 42
joborch wait b-31 --fail-fast --timeout 2h
joborch submit -q run.sh | joborch wait -
"""


def wait(
    context: typer.Context,
    *,
    selectors: Annotated[list[str] | None, typer.Argument(metavar="[SELECTOR]...")] = None,
    where: Where = None,
    until: Annotated[
        str, typer.Option("--for", metavar="STATES", help="What to wait for, with commas.")
    ] = "done",
    any_one: Annotated[bool, typer.Option("--any", help="Until the first of them.")] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Until the first that fails.")
    ] = False,
    propagate: Annotated[bool, typer.Option("--propagate", help="Exit as the job did.")] = False,
) -> None:
    """Wait until jobs have ended."""
    session = Session.of(context, has_own_timeout=True, fields=fields_of(JobView))
    try:
        check_states(until)
    except ValueError as error:
        raise UsageError(str(error)) from error
    limit = duration(session.options.timeout, "--timeout")

    async def work(orchestrator: Orchestrator) -> int:
        jobs = await select(
            selectors or [], session=session, orchestrator=orchestrator, where=where, default="last"
        )
        if propagate and len(jobs) > 1:
            raise UsageError(f"--propagate is for one job, not for {len(jobs)}")
        ids = [job.id for job in jobs]
        waiting = Waiting(session, ids, until=until, is_any=any_one, is_fail_fast=fail_fast)
        ended = await waiting.finish(orchestrator, timeout_after=limit)
        tell_ends(session, ended)
        if propagate:
            return outcome.own_status(ended[0])
        return outcome.exit_code(job for job in ended if JobState(job.state).is_terminal)

    try:
        code = session.run(work)
    except KeyboardInterrupt:
        session.output.note("Stopped waiting; the jobs go on.")
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(code)
