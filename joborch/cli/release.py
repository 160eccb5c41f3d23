"""``joborch release``: let held jobs go."""

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
from joborch.domain.states import JobState
from joborch.wire.actions import ReleaseJobs
from joborch.wire.jobs import JobView

EXAMPLES = """
joborch release 42
joborch release @held --yes            all of yours that are held
joborch release last
"""


def release(
    context: typer.Context,
    *,
    selectors: Selectors = None,
    where: Where = None,
    only: Only = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    expect: Expect = None,
) -> None:
    """Let held jobs go, each to its place in the line."""
    choice = Choice(
        selectors=selectors or [],
        where=where,
        only=only,
        is_dry=dry_run,
        is_yes=yes,
        expected=expect,
    )
    deed = Deed(
        verb="Release", action=ReleaseJobs(ids=[]), told=lambda _: "released", needless=_not_held
    )
    leave(carry_out(Session.of(context, fields=RESULT_FIELDS), choice, deed))


def _not_held(job: JobView) -> str | None:
    waits = job.state == JobState.QUEUED  # of the others the server says what they are
    return "not held" if waits and job.held_at is None else None
