"""``joborch events``: what happens to jobs, as it happens, and what happened."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import typer

from joborch.cli.exits import UsageError
from joborch.cli.fields import fields_of
from joborch.cli.happenings import Wanted, newest, onwards, recent, seq_before, since
from joborch.cli.job_table import COLORS
from joborch.cli.session import Session
from joborch.cli.times import parse_moment
from joborch.client import Orchestrator
from joborch.client.changes import facts_of
from joborch.domain.text import one_line
from joborch.wire.events import EventView

EXAMPLES = """
joborch events -f                      what happens, from now on
joborch events --since 2h --user alice
joborch events -f --since 88213 | jq -c 'select(.to_state=="failed")'
"""
MOST_RECENT = 50


def events(
    context: typer.Context,
    *,
    follows: Annotated[bool, typer.Option("-f", "--follow", help="Go on for ever.")] = False,
    start: Annotated[
        str | None,
        typer.Option("--since", metavar="SEQ|WHEN", help="After this event, or since 2h, 14:30."),
    ] = None,
    user: Annotated[
        str | None, typer.Option("-u", "--user", metavar="IDS", help="Whose jobs.")
    ] = None,
    service: Annotated[
        str | None, typer.Option("-s", "--service", metavar="NAMES", help="Of which.")
    ] = None,
    job: Annotated[str | None, typer.Option("--job", metavar="IDS", help="Of these alone.")] = None,
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="BATCH", help="Of its jobs.")
    ] = None,
) -> None:
    """Show what happened to jobs: the last 50 events, those since then, or what happens now."""
    session = Session.of(context, fields=fields_of(EventView))
    if session.options.chosen_format in {"tsv", "csv"}:
        raise UsageError("events are lines of JSON, or lines for people", hint="use --json")
    wanted = Wanted(user=user, service=service, job=job, batch=batch)

    async def work(server: Orchestrator) -> None:
        async with aclosing(_events(session, server, start, wanted, follows=follows)) as found:
            async for event in found:
                _tell(session, event)

    session.run(work)


async def _events(
    session: Session, server: Orchestrator, start: str | None, wanted: Wanted, *, follows: bool
) -> AsyncGenerator[EventView, None]:
    if start is None and not follows:
        for event in await recent(server, MOST_RECENT, wanted):
            yield event
        return
    seq = await _seq(session, server, start, wanted)
    source = onwards(server, seq, wanted, tell=session.output.note) if follows else None
    async for event in source or since(server, seq, wanted):
        yield event


async def _seq(session: Session, server: Orchestrator, start: str | None, wanted: Wanted) -> int:
    if start is None:
        return await newest(server)
    if start.isascii() and start.isdigit():
        return int(start)
    try:
        return await seq_before(server, parse_moment(start, now=session.now, ago=True), wanted)
    except ValueError as error:
        raise UsageError(f"--since: {error}") from error


def _tell(session: Session, event: EventView) -> None:
    output = session.output
    if output.form == "ids":
        output.line(str(event.job_id))
    elif output.is_for_programs:
        output.document(event)
    else:
        output.line(_line(session, event))


def _line(session: Session, event: EventView) -> str:
    """Write an event for people: when, which job, what, from where to where, by whom."""
    at = session.times.moment(event.at)
    moved = event.to_state.replace("_", " ")
    if event.from_state not in {None, event.to_state}:
        moved = f"{event.from_state} → {moved}"
    text = f"{event.event:<16} {moved:<22} {event.actor} {facts_of(event)}"
    color = next((color for state, color in COLORS.items() if state == event.to_state), None)
    return f"{at}  {event.job_id:>7}  {session.output.colored(one_line(text).rstrip(), color)}"
