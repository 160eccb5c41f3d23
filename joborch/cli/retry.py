"""``joborch retry``: submit jobs that have ended again, as new jobs."""

from typing import Annotated

import typer

from joborch.cli import history
from joborch.cli.acting import Choice, Deed, DryRun, Only, Selectors, Yes, carry_out, leave
from joborch.cli.session import Session
from joborch.domain.states import JobState
from joborch.wire.actions import RetryJobs

EXAMPLES = """
joborch retry 42                       prints the old id and the new one
joborch retry b-31 --only failed,timed_out --yes
joborch retry -q @failed --yes | joborch wait -
"""


def retry(
    context: typer.Context,
    *,
    selectors: Selectors,
    completed: Annotated[
        bool, typer.Option("--completed", help="Also those that completed.")
    ] = False,
    priority: Annotated[
        int | None,
        typer.Option("-p", "--priority", metavar="0..100", min=0, max=100, help="Of the new jobs."),
    ] = None,
    only: Only = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Submit jobs that have ended again, with the same files. The old ones stay as they are."""
    session = Session.of(context)
    action = RetryJobs(ids=[], completed=completed, priority=priority)
    deed = Deed(verb="Retry", action=action, told=lambda each: f"→ {each.new_id}")
    choice = Choice(selectors=selectors, only=only, is_dry=dry_run, is_yes=yes)
    results = carry_out(session, choice, deed)
    new = [each.new_id for each in results if each.new_id is not None]
    if new:
        history.remember(session.settings.server, new, now=session.now)
    if any(not each.ok and each.state == JobState.COMPLETED for each in results):
        session.output.hint("--completed retries those that completed, too")
    leave(results)
