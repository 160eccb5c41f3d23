"""``joborch status``: which jobs there are, and how they stand."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from joborch.cli import outcome
from joborch.cli.current import current, every, in_order
from joborch.cli.exits import INTERRUPTED, UsageError
from joborch.cli.filtering import Where, says_whose, wanted_by
from joborch.cli.folding import Folded, folded
from joborch.cli.groups import KINDS, tell_groups
from joborch.cli.listing import Manner, show
from joborch.cli.selection import EmptySelectionError, narrowed, parsed, select
from joborch.cli.session import Session
from joborch.cli.times import parse_moment
from joborch.client import JobQuery, Orchestrator
from joborch.domain.selectors import Ids, Last, check_states_or_held, is_about_held
from joborch.domain.sorting import parse_sort
from joborch.wire.jobs import JobPage, JobView

EXAMPLES = """
joborch status                         your jobs that wait or run, or ended within the hour
joborch status 42                      one job in detail
joborch status b-31 --watch
joborch status --expand                each job of a batch, not a line for all of them
joborch status -A --state failed --since 1d --format csv
joborch status -A --sort -priority,name
joborch status -F 'state:bad age<2h !name~^test'
joborch status --group-by signature    what all those failures have in common
"""
MOST_LINES = 50
"""Unless ``--limit`` says something else, or the jobs were named."""


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
        int | None,
        typer.Option("-N", "--limit", metavar="N", min=1, max=1000, help="Show no more; else 50."),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="KEY,...", help="E.g. -priority,name; - is descending."),
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", metavar="WHAT", help=f"Count all by {', '.join(KINDS)}."),
    ] = None,
    expand: Annotated[bool, typer.Option("--expand", help="Each job of a batch.")] = False,
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
    states = _states(state)
    is_held = states is not None and is_about_held(states)
    query = JobQuery(
        user=me if user == "me" else user or (None if is_anybodys else me),
        service=service,
        state=None if is_held else states,
        tag=tag,
        agent=agent,
        since=_moment(session, "--since", since),
        until=_moment(session, "--until", until),
        q=" ".join([*([f"state:{states}"] if is_held else []), str(wanted)]).strip() or None,
        sort=_order(sort),
    )
    named, most = selectors or [], limit or MOST_LINES
    if group_by is not None:
        if watches or why or exit_code:
            raise UsageError("--group-by does not go with --watch, --why or --exit-code")
        tell_groups(session, group_by, named, query)
        raise typer.Exit

    manner = Manner(
        is_one=False,
        folds=not (named or expand) and query == JobQuery(user=query.user),
        is_exact=why,
        most=most,
    )

    async def work(orchestrator: Orchestrator) -> list[JobView]:
        async def ask() -> JobPage:
            return await _asked(session, orchestrator, named, query, None if exit_code else most)

        if watches:
            from joborch.cli.watch import watch

            async def fold(page: JobPage) -> Folded | None:
                return await folded(page, orchestrator, query, limit=most)

            how = fold if manner.folds else None
            return await watch(session, orchestrator, ask, ends=bool(named), fold=how)
        page = await ask()
        items = page.items[: limit if named else most]
        shown = JobPage(items=items, total=page.total, next=page.next)
        in_detail = _is_one(named, page.items, is_for_programs=session.output.is_for_programs)
        await show(session, orchestrator, shown, query, replace(manner, is_one=in_detail))
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
    limit: int | None,
) -> JobPage:
    """Ask for the jobs, the first ``limit`` of them if they were not named; None: for all."""
    if selectors:
        jobs = await select(selectors, session=session, orchestrator=orchestrator)
        jobs = await narrowed(jobs, replace(query, sort=None), orchestrator)
        if not jobs:
            raise EmptySelectionError(f"no job is {' or '.join(selectors)} and as wanted")
        return JobPage(items=in_order(jobs, query.sort) if query.sort else jobs, total=len(jobs))
    if query == JobQuery(user=query.user, sort=query.sort):
        return await current(orchestrator, query, limit=limit)
    if limit is not None:
        return await orchestrator.jobs(query, limit=limit)
    return await every(orchestrator, query)


def _is_one(selectors: list[str], found: list[JobView], *, is_for_programs: bool) -> bool:
    """Whether one job was named, by its id or to a person as the last submission.

    A program that names the last submission always gets a list, of however many jobs.
    """
    match parsed(selectors):
        case [Ids(ids)]:
            return len(ids) == 1
        case [Last()]:
            return len(found) == 1 and not is_for_programs
    return False


def _states(words: str | None) -> str | None:
    try:
        return None if words is None else check_states_or_held(words)
    except ValueError as error:
        raise UsageError(f"--state: {error}") from error


def _order(keys: str | None) -> str | None:
    try:
        parse_sort(keys or "id")
    except ValueError as error:
        raise UsageError(f"--sort: {error}") from error
    return keys


def _moment(session: Session, option: str, text: str | None) -> datetime | None:
    try:
        return parse_moment(text, now=session.now, ago=True) if text else None
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
