"""``joborch top --once``: the list of jobs as one frame of text, for logs, mail and pipes."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from joborch.client import JobQuery, Orchestrator
from joborch.client.known import Known
from joborch.domain.errors import NotFoundError
from joborch.tui.columns import Column, chosen, laid_out
from joborch.tui.filters import parse_filter
from joborch.tui.formatting import ASCII, UNICODE, count, fit
from joborch.tui.heading import header, tally
from joborch.tui.listing import PAGE, RECENT
from joborch.tui.look import Look
from joborch.tui.ordering import Order
from joborch.tui.picture import MOST_JOBS, Link, LinkState, Picture
from joborch.tui.preferences import Preferences
from joborch.tui.source import Source
from joborch.tui.tables import job_columns
from joborch.tui.whereabouts import is_open
from joborch.tui.widgets.lines import Part
from joborch.wire.jobs import JobView

LEAST_WIDTH = 60
AROUND = 5
"""Lines of a frame that are no jobs."""
MOST_ASKED = 1000


def main(
    *,
    server: Orchestrator,
    user_id: str,
    filter_text: str,
    is_ascii: bool,
    size: tuple[int, int],
    columns: Known | None = None,
) -> str:
    """Ask a server for everything, and return the frame, ``size`` being its columns and lines.

    Raises:
        SettingsError: if there are no such columns.
        ValueError: if the filter cannot be understood.
        ServerUnreachableError: if there is no server.
    """
    parse_filter(filter_text, me=user_id)  # before anything is asked
    look = Look(
        user_id=user_id,
        filter_text=filter_text,
        glyphs=ASCII if is_ascii else UNICODE,
        columns=Preferences.read(columns=columns).columns,
    )
    return asyncio.run(_asked(server, look, size))


async def _asked(server: Orchestrator, look: Look, size: tuple[int, int]) -> str:
    async with server as source:
        picture = await load(source, look, size)
        return "\n".join(frame(picture, look, source.server, size))


async def load(source: Source, look: Look, size: tuple[int, int]) -> Picture:
    """Ask for the jobs that the dashboard would list, for what is around them, and why they wait.

    The last only of those for which there is room.
    """
    picture = Picture()
    agents, services, usage = await asyncio.gather(
        source.agents(), source.services(), source.usage()
    )
    picture.agents, picture.services, picture.usage = agents.items, services.items, usage.items
    picture.replace(
        await _listed(source, "active", MOST_JOBS) | await _listed(source, "done", RECENT)
    )
    picture.link, picture.as_of = Link(state=LinkState.LIVE), look.now()
    await _ask_why(source, picture, _order(picture, look)[: _room(size)])
    return picture


def frame(picture: Picture, look: Look, server: str, size: tuple[int, int]) -> Iterator[str]:
    """Yield the lines: the site, its counts, and as many jobs as there is room for."""
    width, order = max(size[0], LEAST_WIDTH), _order(picture, look)
    yield _text(header(picture, look, server, width), width)
    yield _text(tally(picture, look, width), width)
    condition = f" {look.glyphs.dot} {look.filter_text}" if look.filter_text else ""
    yield fit(f" {count(len(order))} of {count(len(picture.jobs))}{condition}", width).rstrip()
    shown = order[: _room(size)]
    columns = chosen(job_columns(picture, look), look.columns)
    yield from _table(columns, shown, look, width)
    if len(order) > len(shown):
        yield f" and {count(len(order) - len(shown))} more"


def _order(picture: Picture, look: Look) -> list[JobView]:
    """Return the jobs that pass, in the order of their lines."""
    passes = parse_filter(look.filter_text, me=look.user_id)
    found = [job for job in picture.jobs.values() if passes(job)]
    return [picture.jobs[job_id] for job_id in Order().sorted(found)]


def _room(size: tuple[int, int]) -> int:
    return max(size[1] - AROUND, 1)


async def _ask_why(source: Source, picture: Picture, jobs: Sequence[JobView]) -> None:
    """Ask why those of the jobs wait of which the picture cannot tell."""
    wanted = [job.id for job in jobs if is_open(job, picture)][:MOST_ASKED]
    if wanted:
        with suppress(NotFoundError):  # a server of before does not tell
            found = await source.waiting(wanted)
            picture.reasons = {each.id: each.reason for each in found.items}


def _table(
    columns: Sequence[Column[JobView]], jobs: Iterable[JobView], look: Look, width: int
) -> Iterator[str]:
    layout, more = laid_out(columns, width), look.glyphs.more
    heads = (
        fit(column.title, cells, is_right=column.is_right, more="") for column, cells in layout
    )
    yield " ".join(heads).rstrip()
    for job in jobs:
        yield " ".join(
            fit(column.text(job), cells, is_right=column.is_right, more=more)
            for column, cells in layout
        ).rstrip()


def _text(parts: Sequence[Part], width: int) -> str:
    text = "".join(part if isinstance(part, str) else part[0] for part in parts)
    return fit(text, width).rstrip()


async def _listed(source: Source, states: str, most: int) -> dict[int, JobView]:
    listed: dict[int, JobView] = {}
    query, cursor = JobQuery(state=states, sort="-id"), None
    while len(listed) < most:
        page = await source.jobs(query, limit=min(PAGE, most - len(listed)), cursor=cursor)
        listed |= {job.id: job for job in page.items}
        cursor = page.next
        if cursor is None:
            break
    return listed
