"""``joborch retry``: submit jobs that have ended again, as new jobs."""

from typing import Annotated

import typer

from joborch.cli import history
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
from joborch.cli.filtering import Where, says_whose, wanted_by
from joborch.cli.groups import ids_with_signature
from joborch.cli.selection import are_ids
from joborch.cli.session import Session
from joborch.client import JobQuery
from joborch.domain.errors import RetriedError
from joborch.domain.selectors import spelt
from joborch.domain.states import JobState
from joborch.wire.actions import RetryJobs

EXAMPLES = """
joborch retry 42                       prints the old id and the new one
joborch retry b-31 --only failed,timed_out --yes
joborch retry -q @failed --yes | joborch wait -
joborch retry --signature 3fa9c1       what failed alike; see joborch status --group-by signature
"""


def retry(
    context: typer.Context,
    *,
    selectors: Selectors = None,
    where: Where = None,
    signature: Annotated[
        str | None,
        typer.Option("--signature", metavar="ID", help="Of these, or all, those that failed so."),
    ] = None,
    all_users: Annotated[
        bool, typer.Option("-A", "--all-users", help="With --signature: not only yours.")
    ] = False,
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
    expect: Expect = None,
) -> None:
    """Submit jobs that have ended again, with the same files. The old ones stay as they are.

    Those that were retried before are skipped, unless all are named by their ids.
    """
    session = Session.of(context, fields=RESULT_FIELDS)
    again = signature is None and are_ids(selectors or [])
    action = RetryJobs(ids=[], completed=completed, priority=priority, again=again)
    deed = Deed(verb="Retry", action=action, told=lambda each: f"→ {each.new_id}")
    named = selectors or []
    if signature is not None:
        wanted, me = wanted_by(where, session), session.settings.user_id
        is_anybodys = all_users or bool(named) or says_whose(wanted)
        query = JobQuery(user=None if is_anybodys else me, q=str(wanted) or None)
        # From here on they are named by their ids: what fails meanwhile is not meant.
        named = [spelt(ids_with_signature(session, signature, named, query))]
    choice = Choice(
        selectors=named,
        where=where,
        only=only,
        is_dry=dry_run,
        is_yes=yes,
        expected=expect,
    )
    results = carry_out(session, choice, deed)
    new = [each.new_id for each in results if each.new_id is not None]
    if new:
        history.remember(session.settings.server, new, now=session.now)
    if any(not each.ok and each.state == JobState.COMPLETED for each in results):
        session.output.hint("--completed retries those that completed, too")
    if any(each.error and each.error.code == RetriedError.code for each in results):
        session.output.hint("what is named by its id is retried again")
    leave(results)
