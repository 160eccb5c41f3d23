"""``joborch hold``: keep waiting jobs from starting."""

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
from joborch.cli.session import Session
from joborch.domain.actors import known
from joborch.wire.actions import HoldJobs
from joborch.wire.jobs import JobView

EXAMPLES = """
joborch hold 42
joborch hold @queued --yes             all of yours that wait
joborch hold b-31 --only queued
"""


def hold(
    context: typer.Context,
    *,
    selectors: Selectors = None,
    where: Where = None,
    only: Only = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    expect: Expect = None,
) -> None:
    """Keep waiting jobs from starting, until they are released. What runs goes on."""
    choice = Choice(
        selectors=selectors or [],
        where=where,
        only=only,
        is_dry=dry_run,
        is_yes=yes,
        expected=expect,
    )
    deed = Deed(verb="Hold", action=HoldJobs(ids=[]), told=lambda _: "held", needless=_held_already)
    leave(carry_out(Session.of(context, fields=RESULT_FIELDS), choice, deed))


def _held_already(job: JobView) -> str | None:
    if job.held_at is None:
        return None
    return f"held already, by {name}" if (name := known(job.hold_actor)) else "held already"
