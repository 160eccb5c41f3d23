"""``joborch status``: which jobs there are, and how they stand."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from joborch.cli import outcome
from joborch.cli.current import current
from joborch.cli.exits import INTERRUPTED, UsageError
from joborch.cli.explain import in_brief
from joborch.cli.filtering import Where, says_whose, wanted_by
from joborch.cli.groups import KINDS, tell_groups
from joborch.cli.job_detail import show_detail
from joborch.cli.job_table import columns
from joborch.cli.selection import EmptySelectionError, narrowed, parsed, select
from joborch.cli.session import Session
from joborch.cli.times import parse_moment
from joborch.cli.watch import watch
from joborch.client import JobQuery, Orchestrator
from joborch.client.plain import described
from joborch.domain.selectors import Ids, check_states
from joborch.domain.states import JobState
from joborch.wire.jobs import JobPage, JobView

EXAMPLES = """
joborch status                         your jobs that wait or run, or ended within the hour
joborch status 42                      one job in detail
joborch status b-31 --watch
joborch status -A --state failed --since 1d --format csv
joborch status -F 'state:bad age<2h !name~^test'
joborch status --group-by signature    what all those failures have in common
"""
MOST_EXPLAINED = 50


def status(
    context: typer.Context,
    *,
    selectors: Annotated[list[str] | None, typer.Argument(metavar="[SELECTOR]...")] = None,
    where: Where = None,
    all_users: Annotated[bool, typer.Option("-A", "--all-users", help="Not only yours.")] = False,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATES", help="States or groups, with commas.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("-u", "--user", metavar="ID", help="Whose; me are you.")
    ] = None,
    service: Annotated[
        str | None, typer.Option("-s", "--service", metavar="NAME", help="Of these, with commas.")
    ] = None,
    tag: Annotated[
        str | None, typer.Option("-t", "--tag", metavar="K=V", help="With this tag.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="NAME", help="That it has, or had last.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Submitted since: 2h, 14:30, ISO.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="Submitted before then.")
    ] = None,
    limit: Annotated[
        int, typer.Option("-N", "--limit", metavar="N", min=1, max=1000, help="Show no more.")
    ] = 50,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="KEY", help="E.g. id or -finished_at.")
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", metavar="WHAT", help=f"Count all by {', '.join(KINDS)}."),
    ] = None,
    why: Annotated[bool, typer.Option("--why", help="Ask why each job waits.")] = False,
    watches: Annotated[bool, typer.Option("-W", "--watch", help="Go on showing.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="0 completed, 8 not ended, 10 to 13 ended badly.")
    ] = False,
) -> None:
    """Show jobs, or one job in detail."""
    session = Session.of(context)
    wanted, me = wanted_by(where, session), session.settings.user_id
    is_anybodys = all_users or bool(selectors) or says_whose(wanted)
    query = JobQuery(
        user=me if user == "me" else user or (None if is_anybodys else me),
        service=service,
        state=_states(state),
        tag=tag,
        agent=agent,
        since=_moment(session, "--since", since),
        until=_moment(session, "--until", until),
        q=str(wanted) or None,
        sort=sort,
    )
    named = selectors or []
    if group_by is not None:
        if watches or why or exit_code:
            raise UsageError("--group-by does not go with --watch, --why or --exit-code")
        tell_groups(session, group_by, named, query)
        raise typer.Exit

    async def work(orchestrator: Orchestrator) -> list[JobView]:
        async def ask() -> JobPage:
            return await _asked(session, orchestrator, named, query, limit)

        if watches:
            return await watch(session, orchestrator, ask, ends=bool(named))
        page = await ask()
        reasons = await _reasons(orchestrator, page.items) if why else {}
        await _show(session, orchestrator, page, reasons, is_one=_is_one(named))
        return page.items

    try:
        jobs = session.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(outcome.exit_code(jobs) if exit_code else 0)


async def _asked(
    session: Session,
    orchestrator: Orchestrator,
    selectors: list[str],
    query: JobQuery,
    limit: int,
) -> JobPage:
    if selectors:
        jobs = await select(selectors, session=session, orchestrator=orchestrator)
        jobs = await narrowed(jobs, replace(query, sort=None), orchestrator)
        if not jobs:
            raise EmptySelectionError(f"no job is {' or '.join(selectors)} and as wanted")
        return JobPage(items=jobs, total=len(jobs))
    if query == JobQuery(user=query.user, sort=query.sort):
        return await current(orchestrator, query, limit=limit, now=session.now)
    return await orchestrator.jobs(query, limit=limit)


async def _show(
    session: Session,
    orchestrator: Orchestrator,
    page: JobPage,
    reasons: dict[int, str],
    *,
    is_one: bool,
) -> None:
    output, jobs = session.output, page.items
    if is_one and not output.is_for_programs:
        await show_detail(session, orchestrator, jobs[0])
    elif is_one and output.form == "json":
        output.selected(described("joborch.job/1", jobs[0]))
    else:
        table = columns(session.now, reasons)
        summary = _summary(page)
        output.table(table, jobs, document=page, ids=lambda job: job.id, summary=summary)
    if not jobs:
        output.hint("joborch submit -s SERVICE -- echo hello")


def _summary(page: JobPage) -> str:
    shown = Counter(job.state for job in page.items)
    parts = [f"{shown[state]} {state.replace('_', ' ')}" for state in JobState if shown[state]]
    held = sum(job.state == JobState.QUEUED and job.held_at is not None for job in page.items)
    if held:
        parts[0] += f", {held} of them held"
    noun = "job" if page.total == 1 else "jobs"
    if page.total > len(page.items):
        return f"{page.total} {noun}; of the {len(page.items)} shown: {' · '.join(parts)}"
    return " · ".join([f"{page.total} {noun}", *parts])


async def _reasons(orchestrator: Orchestrator, jobs: list[JobView]) -> dict[int, str]:
    waiting = [job.id for job in jobs if job.state == JobState.QUEUED][:MOST_EXPLAINED]
    return {job_id: in_brief(await orchestrator.explain(job_id)) for job_id in waiting}


def _is_one(selectors: list[str]) -> bool:
    named = parsed(selectors)
    return len(named) == 1 and isinstance(named[0], Ids) and len(named[0].ids) == 1


def _states(words: str | None) -> str | None:
    try:
        return check_states(words) if words else None
    except ValueError as error:
        raise UsageError(f"--state: {error}") from error


def _moment(session: Session, option: str, text: str | None) -> datetime | None:
    try:
        return parse_moment(text, now=session.now, ago=True) if text else None
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
