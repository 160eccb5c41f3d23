"""Say why a job is where it is, when it will start, and what would help."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from joborch.domain.estimates import Estimate
from joborch.domain.jobs import Job
from joborch.domain.quotas import Limits
from joborch.domain.scheduling import HoldReason
from joborch.domain.states import JobState
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.operations import sentences
from joborch.server.operations.facts import Facts
from joborch.server.operations.forecasts import Taking, read_pool
from joborch.server.operations.remedies import Circumstances, remedies
from joborch.server.operations.waiting import reasons_of
from joborch.server.store import jobs, lines, snapshots
from joborch.server.store.database import Connection, Database
from joborch.wire.jobs import Explanation
from joborch.wire.services import pause_view
from joborch.wire.statistics import estimate_of

_WITHOUT_ROOM = "its agent keeps what it left until there is room on the server's disk"
OUT_OF_LINE = frozenset({HoldReason.HELD, HoldReason.DEPENDENCY, HoldReason.NOT_BEFORE})


async def explain(
    job_ids: Sequence[int],
    *,
    database: Database,
    catalog: Catalog,
    roll: Roll,
    clock: Clock,
    turned_away: Collection[tuple[int, int]] = (),
) -> list[Explanation]:
    """Explain jobs, in numbers and in a sentence each, all as things are at one moment.

    ``turned_away`` are attempts whose results the server's disk has no room for.

    Raises:
        JobNotFoundError: there is none of one of these ids.
    """
    site = _Site(
        taking=Taking.of(roll, clock),
        limits=catalog.limits(),
        without_room=frozenset(turned_away),
        now=clock.now(),
    )
    return await database.read(lambda c: _explain_all(c, job_ids, site))


async def places(submitted: Sequence[Job], *, database: Database, clock: Clock) -> dict[int, int]:
    """Return the places in their user's line of jobs submitted together, by id."""
    return await database.read(lambda c: lines.places(c, submitted, clock.now()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """What is the same for all jobs."""

    taking: Taking
    limits: dict[str, Limits]
    without_room: Collection[tuple[int, int]]
    now: datetime


def _explain_all(connection: Connection, job_ids: Sequence[int], site: _Site) -> list[Explanation]:
    found = [jobs.find(connection, job_id) for job_id in job_ids]
    waiting = [job for job in found if job.state is JobState.QUEUED]
    reasons = _reasons(connection, waiting, site) if waiting else {}
    return [_explain(connection, job, reasons.get(job.id), site) for job in found]


def _reasons(connection: Connection, waiting: Sequence[Job], site: _Site) -> dict[int, HoldReason]:
    agents, now = site.taking.agents, site.now
    seen = snapshots.snapshot(connection, limits=site.limits, agents=agents, now=now)
    heads = snapshots.heads(connection, now)
    return reasons_of(connection, waiting, heads=heads, seen=seen, now=now)


def _explain(
    connection: Connection, job: Job, reason: HoldReason | None, site: _Site
) -> Explanation:
    taking, now = site.taking, site.now
    facts = Facts(connection, job, taking, site.limits)
    if reason is None:
        waits = job.state.is_active and (job.id, job.attempt) in site.without_room
        return facts.told(_WITHOUT_ROOM if waits else sentences.stands(job, now))
    in_line = reason not in OUT_OF_LINE
    place, ahead = jobs.place_in_line(connection, job, now) if in_line else (None, None)
    told = facts.told(sentences.waits(facts, reason, place, now))
    told.reason, told.position, told.ahead = reason.value, place, ahead
    told.holders = facts.holders(connection, reason)
    told.paused = pause_view(facts.pause)
    told.remedies = remedies(
        reason,
        Circumstances(
            job=job,
            limits=facts.of_service,
            own_limit=facts.own_limit,
            holders=told.holders,
            position=place,
            service_active=facts.service_active,
            free_slots=facts.free_slots,
            draining=taking.draining(job.service),
        ),
    )
    estimate = _estimate(connection, facts, reason, now)
    if isinstance(estimate, Estimate):
        told.estimate = estimate_of(estimate)
    else:
        told.estimate_reason = estimate
    return told


def _estimate(
    connection: Connection, facts: Facts, reason: HoldReason, now: datetime
) -> Estimate | str:
    job = facts.job
    if reason is HoldReason.HELD:
        return "it is held"
    if reason is HoldReason.DEPENDENCY:
        return "nobody knows when the jobs that it waits for will end"
    if not facts.agents:
        return f"no agent that takes jobs offers {job.service}"
    pool = read_pool(
        connection, job.service, limits=facts.of_service, free_slots=facts.free_slots, now=now
    )
    limit = facts.limits.per_user
    own_limit = lines.own_limit(connection, job)
    if own_limit is not None and own_limit < limit:
        if not lines.is_alone(connection, job):
            return f"its batch allows itself {own_limit} at a time, beside other jobs"
        limit = own_limit
    estimate = pool.start_of_last(job.user_id, lines.up_to(connection, job, now), limit=limit)
    if isinstance(estimate, Estimate) and job.not_before and job.has_to_wait(now):
        return estimate.not_before((job.not_before - now).total_seconds())
    return estimate
