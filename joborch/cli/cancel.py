"""``joborch cancel``: end jobs, after saying which."""

from datetime import timedelta
from typing import Annotated

import typer

from joborch.cli.acting import (
    RESULT_FIELDS,
    Choice,
    Deed,
    DryRun,
    Expect,
    Only,
    Selectors,
    Yes,
    carry_out,
    leave,
)
from joborch.cli.filtering import Where
from joborch.cli.session import Session, duration
from joborch.domain.states import JobState
from joborch.wire.actions import ActionResult, CancelJobs

EXAMPLES = """
joborch cancel 42
joborch cancel b-31 --reason 'wrong input' --yes
joborch cancel b-31 --only queued --dry-run
joborch cancel --filter 'state:queued name~^test'
"""


def cancel(
    context: typer.Context,
    *,
    selectors: Selectors = None,
    where: Where = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Kept with the job.")] = None,
    grace: Annotated[
        str | None, typer.Option("--grace", metavar="DUR", help="Between SIGTERM and SIGKILL.")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="SIGKILL at once.")] = False,
    only: Only = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    expect: Expect = None,
) -> None:
    """End jobs. One that runs gets SIGTERM, and SIGKILL after a while; its results are kept."""
    session = Session.of(context, fields=RESULT_FIELDS)
    patience = timedelta(0) if now else duration(grace, "--grace")
    grace_s = patience.total_seconds() if patience is not None else None
    action = CancelJobs(ids=[], reason=reason, grace_s=grace_s)
    choice = Choice(
        selectors=selectors or [],
        where=where,
        only=only,
        is_dry=dry_run,
        is_yes=yes,
        expected=expect,
    )
    leave(carry_out(session, choice, Deed(verb="Cancel", action=action, told=_told)))


def _told(result: ActionResult) -> str:
    return "cancelled" if result.state == JobState.CANCELLED else "is being cancelled"
