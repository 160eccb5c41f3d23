"""Say when jobs would start that nobody has submitted yet."""

from dataclasses import dataclass
from datetime import datetime

from joborch.domain.errors import ServiceNotFoundError
from joborch.domain.estimates import Estimate
from joborch.domain.jobs import DEFAULT_PRIORITY
from joborch.domain.quotas import Limits
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.operations.forecasts import Taking, offering, read_pool
from joborch.server.store import snapshots
from joborch.server.store.database import Connection, Database
from joborch.wire.statistics import StartEstimate, estimate_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Jobs that somebody thinks of submitting."""

    service: str
    user_id: str
    jobs: int
    priority: int = DEFAULT_PRIORITY


async def estimate(
    plan: Plan, *, database: Database, catalog: Catalog, roll: Roll, clock: Clock
) -> StartEstimate:
    """Estimate when the first and the last of them would start.

    Raises:
        ServiceNotFoundError: there is no such service.
    """
    if plan.service not in catalog:
        raise ServiceNotFoundError(plan.service)
    taking, now = Taking.of(roll, clock), clock.now()
    limits = catalog.get(plan.service).limits
    first, last = await database.read(lambda c: _first_and_last(c, plan, taking, limits, now))
    is_known = isinstance(first, Estimate) and isinstance(last, Estimate)
    return StartEstimate(
        service=plan.service,
        user_id=plan.user_id,
        jobs=plan.jobs,
        first=estimate_of(first) if isinstance(first, Estimate) else None,
        last=estimate_of(last) if isinstance(last, Estimate) else None,
        reason=None if is_known else str(first),
    )


def _first_and_last(
    connection: Connection, plan: Plan, taking: Taking, limits: Limits, now: datetime
) -> tuple[Estimate | str, Estimate | str]:
    rooms = snapshots.agent_rooms(connection, taking.agents)
    agents, free_slots = offering(rooms, plan.service)
    if not agents:
        reason = f"no agent that takes jobs offers {plan.service}"
        return reason, reason
    pool = read_pool(connection, plan.service, limits=limits, free_slots=free_slots, now=now)
    ahead = pool.line_before(plan.user_id, plan.priority)
    limit = pool.limit_of(plan.user_id)
    first, last = (
        pool.start_of_last(plan.user_id, [*ahead, (plan.priority, jobs)], limit=limit)
        for jobs in (1, plan.jobs)
    )
    return first, last
