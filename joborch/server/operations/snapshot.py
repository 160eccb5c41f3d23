"""Tell everything that a dashboard shows, as of one event."""

from typing import Any

from joborch.domain.states import JobState
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.operations import query
from joborch.server.store import agents, events, listing
from joborch.server.store.database import Connection, Database
from joborch.server.store.listing import JobQuery
from joborch.wire.snapshot import Snapshot, row_of

MOST_JOBS = 250_000
ENDED = frozenset(state for state in JobState if state.is_terminal)


async def snapshot(
    ended: int, *, database: Database, catalog: Catalog, roll: Roll, clock: Clock
) -> Snapshot:
    """Return all jobs that have not ended and the newest ``ended`` that have, as of one event.

    Agents, services and use are asked for right after: they are not part of any event.
    """
    seq, rows = await database.read(lambda c: _jobs(c, ended))
    every = await query.agents(database=database, catalog=catalog, roll=roll, clock=clock)
    services = await query.services(database=database, catalog=catalog, roll=roll, clock=clock)
    usage = await query.usage(None, None, database=database, catalog=catalog)
    return Snapshot(
        at=clock.now(),
        seq=seq,
        rows=rows,
        agents=every.items,
        services=services.items,
        usage=usage.items,
    )


def _jobs(connection: Connection, ended: int) -> tuple[int, list[list[Any]]]:
    """Return the last event and the jobs' rows, out of one read transaction."""
    seq = events.newest(connection)
    active = JobQuery(states=frozenset(JobState) - ENDED, limit=MOST_JOBS)
    found, _, _ = listing.page(connection, active)
    if ended:
        found += listing.page(connection, JobQuery(states=ENDED, limit=ended))[0]
    names = agents.names(connection)
    rows = [row_of(view) for view in query.views_of(connection, found, names)]
    return seq, sorted(rows, key=lambda row: -row[0])
