"""Tell how much the site does, how long that takes, and when it will be done."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from joborch.domain.errors import ServiceNotFoundError
from joborch.domain.estimates import Estimate, until_empty
from joborch.domain.states import JobState
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.live.recent import Recent
from joborch.server.operations.forecasts import Taking
from joborch.server.store import pauses
from joborch.server.store import statistics as counted
from joborch.server.store.database import Connection, Database
from joborch.server.store.statistics import Counts, Stretch, Times, stretch_until
from joborch.wire.statistics import Bucket, Spread, Statistics, estimate_of

LONGEST_KEPT_S = 10.0
FAILED = (JobState.FAILED, JobState.TIMED_OUT, JobState.LOST, JobState.INVALID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What statistics are asked for."""

    window: timedelta
    buckets: int
    """At least 2: the last one is not over yet."""
    service: str | None = None


async def statistics(
    scope: Scope,
    *,
    database: Database,
    catalog: Catalog,
    roll: Roll,
    clock: Clock,
    recent: Recent[Statistics],
) -> Statistics:
    """Count what happened in a window that ends now.

    An answer is given again for a second, one about a long window for up to ten.

    Raises:
        ServiceNotFoundError: there is no such service.
    """
    if scope.service is not None and scope.service not in catalog:
        raise ServiceNotFoundError(scope.service)

    async def count() -> Statistics:
        now, offered = clock.now(), Taking.of(roll, clock).offered()
        return await database.read(lambda c: _statistics(c, scope, now, offered))

    bucket_s = scope.window.total_seconds() / scope.buckets
    keep_s = min(max(bucket_s / 60, 1.0), LONGEST_KEPT_S)
    return await recent.get(scope, count, keep_s=keep_s)


def _statistics(
    connection: Connection, scope: Scope, now: datetime, offered: set[str]
) -> Statistics:
    bucket = scope.window / scope.buckets
    stretch = stretch_until(now, bucket=bucket, buckets=scope.buckets, service=scope.service)
    buckets = _buckets(connection, stretch, scope.buckets)
    completed, failed, cancelled = (
        sum(getattr(each, end) for each in buckets) for end in ("completed", "failed", "cancelled")
    )
    ended = completed + failed + cancelled
    standing = counted.standing(connection, scope.service)
    begun = counted.first_start(connection, stretch) or stretch.since
    busy_s = (now - max(begun, stretch.since)).total_seconds()
    drain = until_empty(unfinished=standing.queued + standing.active, ended=ended, over_s=busy_s)
    if isinstance(drain, Estimate):
        waiting = counted.waiting_until(connection, scope.service)
        paused = pauses.every(connection)
        drain = _kept_back(drain, waiting, offered=offered, paused=paused, now=now)
        held = counted.held_for_others(connection, scope.service) if standing.after else None
        drain = drain if held is None else f"job {held} is held, and others wait for it"
    return Statistics(
        at=now,
        window_s=scope.window.total_seconds(),
        bucket_s=bucket.total_seconds(),
        service=scope.service,
        buckets=buckets,
        submitted=sum(each.submitted for each in buckets),
        completed=completed,
        failed=failed,
        cancelled=cancelled,
        per_minute=60 * ended / (now - stretch.since).total_seconds(),
        queued=standing.queued,
        after=standing.after,
        held=standing.held,
        active=standing.active,
        wait=_spread(counted.waits(connection, stretch)),
        run=_spread(counted.runs(connection, stretch)),
        drain=estimate_of(drain) if isinstance(drain, Estimate) else None,
        drain_reason=drain if isinstance(drain, str) else None,
    )


def _kept_back(
    drain: Estimate,
    waiting: dict[str, datetime | None],
    *,
    offered: set[str],
    paused: Collection[str],
    now: datetime,
) -> Estimate | str:
    """Regard what no pace changes: pauses, a lack of agents, and jobs that begin later."""
    if stopped := sorted(waiting.keys() & set(paused)):
        return f"{stopped[0]} is paused"
    if missing := sorted(waiting.keys() - offered):
        return f"no agent that takes jobs offers {missing[0]}"
    latest = max((at for at in waiting.values() if at is not None), default=now)
    return drain.not_before((latest - now).total_seconds())


def _buckets(connection: Connection, stretch: Stretch, number: int) -> list[Bucket]:
    submitted = counted.submitted(connection, stretch)
    ended = counted.ended(connection, stretch)
    return [
        Bucket(
            at=stretch.since + index * stretch.bucket,
            submitted=submitted.get(index, 0),
            completed=_number(ended, index, JobState.COMPLETED),
            failed=_number(ended, index, *FAILED),
            cancelled=_number(ended, index, JobState.CANCELLED),
        )
        for index in range(number)
    ]


def _number(ended: Counts, bucket: int, *states: JobState) -> int:
    return sum(ended.get((bucket, state), 0) for state in states)


def _spread(times: Times) -> Spread:
    p50_s, p95_s, p99_s = times.percentiles_s or (None, None, None)
    return Spread(count=times.count, p50_s=p50_s, p95_s=p95_s, p99_s=p99_s)
