"""Say why a job is where it is, when it will start, and what would help."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from joborch.domain.actors import held
from joborch.domain.dependencies import EndKind
from joborch.domain.durations import format_duration
from joborch.domain.estimates import Estimate
from joborch.domain.jobs import Job
from joborch.domain.quotas import Limits, effective
from joborch.domain.scheduling import HoldReason, Snapshot, why_waiting
from joborch.domain.states import JobState
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.operations.forecasts import Taking, offering, read_pool
from joborch.server.operations.remedies import Circumstances, remedies
from joborch.server.operations.waiting import candidate_of, reasons_of
from joborch.server.store import gates, jobs, lines, overrides, pauses, snapshots
from joborch.server.store import usage as counters
from joborch.server.store.database import Connection, Database
from joborch.wire.jobs import Awaited, Explanation
from joborch.wire.services import pause_view
from joborch.wire.statistics import estimate_of

MOST_HOLDERS = 100
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
    facts = _Facts(connection, job, taking, site.limits)
    if reason is None:
        waits = job.state.is_active and (job.id, job.attempt) in site.without_room
        return facts.told(_WITHOUT_ROOM if waits else _ended_or_running(job, now))
    in_line = reason not in OUT_OF_LINE
    place, ahead = jobs.place_in_line(connection, job, now) if in_line else (None, None)
    told = facts.told(_waiting(facts, reason, place, now))
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
    connection: Connection, facts: "_Facts", reason: HoldReason, now: datetime
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


class _Facts:
    """The numbers that decide about one job."""

    def __init__(
        self, connection: Connection, job: Job, taking: Taking, limits: dict[str, Limits]
    ) -> None:
        self.job = job
        self.pause = pauses.every(connection).get(job.service)
        self.override = overrides.find(connection, job.service, job.user_id)
        self.of_service = limits.get(job.service, Limits())
        self.limits = effective(self.of_service, self.override)
        usage = counters.all_usage(connection)
        used = usage.get((job.service, job.user_id))
        total = counters.totals(connection).get(job.service)
        self.user_active = used.active if used else 0
        self.service_active = total.active if total else 0
        self.held_by = jobs.active_of(connection, job.service, job.user_id)
        rooms = snapshots.agent_rooms(connection, taking.agents)
        self.offering, self.free_slots = offering(rooms, job.service)
        self.agents = len(self.offering)
        self.after, self.after_count = _awaited(connection, job)
        self._snapshot = Snapshot(
            candidates=(),
            limits=limits,
            usage=usage,
            active={job.service: self.service_active},
            batch_room=snapshots.batch_room(connection, {job.batch_id}),
            agents=rooms,
            overrides=overrides.every(connection),
            paused={job.service} if self.pause else (),
        )

    def told(self, message: str) -> Explanation:
        """Return the explanation of a job that does not wait."""
        return Explanation(
            job_id=self.job.id,
            state=self.job.state.value,
            reason=None,
            message=message,
            user_active=self.user_active,
            user_limit=self.limits.per_user,
            service_active=self.service_active,
            service_limit=self.limits.total,
            position=None,
            ahead=None,
            held_by=self.held_by,
            agents=self.agents,
            free_slots=self.free_slots,
            after=self.after,
            after_count=self.after_count,
        )

    @property
    def own_limit(self) -> int | None:
        """Return how many active jobs an operator allows its user; None if that is left open."""
        return self.override.running if self.override else None

    def is_taken_by_others(self, reason: HoldReason) -> bool:
        """Whether there is room for it now, but not after jobs ahead of it have started."""
        total = self.limits.total
        match reason:
            case HoldReason.QUOTA_USER:
                return self.user_active < self.limits.per_user
            case HoldReason.QUOTA_SERVICE:
                return total is not None and self.service_active < total
            case HoldReason.AGENT_FULL | HoldReason.BATCH_LIMIT:
                return why_waiting(candidate_of(self.job), self._snapshot) is HoldReason.NEXT
            case _:
                return False

    def holders(self, connection: Connection, reason: HoldReason) -> list[int]:
        """Return the jobs that hold the slots that it waits for, oldest first."""
        job = self.job
        if self.is_taken_by_others(reason):
            return []
        if reason is HoldReason.QUOTA_USER:
            return self.held_by[:MOST_HOLDERS]
        holders = lines.holders(connection)
        match reason:
            case HoldReason.QUOTA_SERVICE:
                held = [each.job_id for each in holders if each.service == job.service]
            case HoldReason.BATCH_LIMIT:
                held = [each.job_id for each in holders if each.batch_id == job.batch_id]
            case HoldReason.AGENT_FULL:
                held = [each.job_id for each in holders if each.agent_id in self.offering]
            case _:
                held = []
        return held[:MOST_HOLDERS]


def _waiting(facts: _Facts, reason: HoldReason, place: int | None, now: datetime) -> str:
    job, limits = facts.job, facts.limits
    of_others = _taken_by_others(facts) if facts.is_taken_by_others(reason) else {}
    sentences = {
        HoldReason.HELD: f"{held(job.hold_actor)} until somebody releases it",
        HoldReason.DEPENDENCY: _after(facts),
        HoldReason.NOT_BEFORE: _until(job, now),
        HoldReason.SERVICE_PAUSED: _paused(facts, now),
        HoldReason.QUOTA_USER: _quota_of_user(facts),
        HoldReason.QUOTA_SERVICE: f"service {job.service} is full: "
        f"{facts.service_active}/{limits.total} over all users",
        HoldReason.BATCH_LIMIT: "its batch has as many active jobs as it allows itself",
        HoldReason.NO_AGENT: f"no agent that is up offers {job.service}",
        HoldReason.AGENT_FULL: f"every agent for {job.service} is full ({facts.agents} up)",
        HoldReason.NEXT: "nothing stands in its way: it starts with the next agent that asks"
        if place in {None, 1}
        else "there is room for it, once it is its turn",
    } | of_others
    if place is None:
        return sentences[reason]
    return f"{sentences[reason]}; number {place} of {job.user_id}'s line for {job.service}"


def _taken_by_others(facts: _Facts) -> dict[HoldReason, str]:
    """Say what keeps a job for which there is room now, but not after those ahead of it."""
    job, limits = facts.job, facts.limits
    used = f"{facts.user_active}/{limits.per_user}"
    filled = f"{facts.service_active}/{limits.total}"
    return {
        HoldReason.QUOTA_USER: f"jobs ahead of it use up the quota of {job.user_id} for"
        f" {job.service}: {used} so far",
        HoldReason.QUOTA_SERVICE: f"jobs ahead of it fill service {job.service}: {filled} so far",
        HoldReason.BATCH_LIMIT: "jobs ahead of it are as many as its batch allows itself",
        HoldReason.AGENT_FULL: f"jobs ahead of it take the room at the agents ({facts.agents} up)",
    }


def _quota_of_user(facts: _Facts) -> str:
    job, limit = facts.job, facts.limits.per_user
    set_by = "" if facts.own_limit is None else " (set by an operator)"
    if not limit:
        return f"quota of {job.user_id} for {job.service} is 0{set_by}: nothing starts"
    used = f"{facts.user_active}/{limit}{set_by}"
    return f"quota of {job.user_id} for {job.service} is used up: {used}"


def _paused(facts: _Facts, now: datetime) -> str:
    if (pause := facts.pause) is None:
        return ""
    ago = format_duration(max((now - pause.at).total_seconds(), 0))
    why = f": {pause.reason}" if pause.reason else ""
    return f"{pause.service} is paused (by {pause.actor}, {ago} ago{why})"


def _awaited(connection: Connection, job: Job) -> tuple[list[Awaited], int]:
    if job.gate_id is None:
        return [], 0
    first = [
        Awaited(id=job_id, state=state.value, until=kind.value)
        for job_id, kind, state in gates.members(connection, job.gate_id)
    ]
    return first, gates.waited(connection, {job.gate_id})[job.gate_id].count


def _after(facts: _Facts) -> str:
    named = [
        f"{one.id} to {'complete' if one.until == EndKind.COMPLETED else 'end'} ({one.state})"
        for one in facts.after
    ]
    more = facts.after_count - len(named)
    return f"waits for {', '.join(named)}{f' and {more} more' if more else ''}"


def _until(job: Job, now: datetime) -> str:
    if job.not_before is None:
        return "may start now"
    why = f" ({job.reason})" if job.reason else ""
    return f"may start in {format_duration((job.not_before - now).total_seconds())}{why}"


def _ended_or_running(job: Job, now: datetime) -> str:
    if job.state is JobState.ASSIGNED:
        return "on its way to an agent"
    if job.state is JobState.RUNNING:
        ran_s = max((now - job.started_at).total_seconds(), 0) if job.started_at else 0
        asked = "; it has been asked to stop" if job.cancel_requested_at else ""
        return f"running for {format_duration(ran_s)}{asked}"
    return f"{job.state.value}{f': {job.reason}' if job.reason else ''}"
