"""Say why a job is where it is."""

from datetime import datetime

from joborch.domain.durations import format_duration
from joborch.domain.jobs import Job
from joborch.domain.quotas import Limits
from joborch.domain.scheduling import Candidate, HoldReason, Snapshot, why_waiting
from joborch.domain.states import JobState
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import LATE_AFTER_S, Roll
from joborch.server.operations.dispatch import Live, seat
from joborch.server.store import jobs, snapshots
from joborch.server.store import usage as counters
from joborch.server.store.database import Connection, Database
from joborch.wire.jobs import Explanation


async def explain(
    job_id: int, *, database: Database, catalog: Catalog, roll: Roll, clock: Clock
) -> Explanation:
    """Explain one job, in numbers and in a sentence.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    live = {one.agent.id: seat(one) for one in roll.live(clock.monotonic(), LATE_AFTER_S)}
    limits = catalog.limits()
    return await database.read(lambda c: _explain(c, job_id, live, limits, clock.now()))


def _explain(
    connection: Connection, job_id: int, live: Live, limits: dict[str, Limits], now: datetime
) -> Explanation:
    job = jobs.find(connection, job_id)
    facts = _Facts(connection, job, live, limits)
    waits = job.state is JobState.QUEUED
    reason = facts.reason(now) if waits else None
    in_line = waits and reason is not HoldReason.HELD
    place, ahead = jobs.place_in_line(connection, job) if in_line else (None, None)
    return Explanation(
        job_id=job.id,
        state=job.state.value,
        reason=reason.value if reason else None,
        message=_waiting(facts, reason, place, now) if reason else _ended_or_running(job, now),
        user_active=facts.user_active,
        user_limit=facts.limits.per_user,
        service_active=facts.service_active,
        service_limit=facts.limits.total,
        position=place,
        ahead=ahead,
        held_by=jobs.active_of(connection, job.service, job.user_id),
        agents=facts.agents,
        free_slots=facts.free_slots,
    )


class _Facts:
    """The numbers that decide about one job."""

    def __init__(
        self, connection: Connection, job: Job, live: Live, limits: dict[str, Limits]
    ) -> None:
        self.job = job
        self.limits = limits.get(job.service, Limits())
        usage = counters.all_usage(connection)
        used = usage.get((job.service, job.user_id))
        total = counters.totals(connection).get(job.service)
        self.user_active = used.active if used else 0
        self.service_active = total.active if total else 0
        rooms = snapshots.agent_rooms(connection, live)
        offering = [room for room in rooms if job.service in room.services]
        self.agents = len(offering)
        self.free_slots = sum(
            max(0, min(room.services[job.service], room.free.slots)) for room in offering
        )
        self._snapshot = Snapshot(
            candidates=(),
            limits=limits,
            usage=usage,
            active={job.service: self.service_active},
            batch_room=snapshots.batch_room(connection, {job.batch_id}),
            agents=rooms,
        )

    def reason(self, now: datetime) -> HoldReason:
        """Return what keeps the job waiting."""
        if self.job.held_at is not None:
            return HoldReason.HELD
        if self.job.has_to_wait(now):
            return HoldReason.NOT_BEFORE
        candidate = Candidate(
            job_id=self.job.id,
            service=self.job.service,
            user_id=self.job.user_id,
            priority=self.job.priority,
            demand=self.job.demand,
            batch_id=self.job.batch_id,
        )
        return why_waiting(candidate, self._snapshot)


def _waiting(facts: _Facts, reason: HoldReason, place: int | None, now: datetime) -> str:
    job, limits = facts.job, facts.limits
    sentences = {
        HoldReason.HELD: "held until somebody releases it",
        HoldReason.NOT_BEFORE: _until(job, now),
        HoldReason.QUOTA_USER: f"quota of {job.user_id} for {job.service} is used up: "
        f"{facts.user_active}/{limits.per_user}",
        HoldReason.QUOTA_SERVICE: f"service {job.service} is full: "
        f"{facts.service_active}/{limits.total} over all users",
        HoldReason.BATCH_LIMIT: "its batch has as many active jobs as it allows itself",
        HoldReason.NO_AGENT: f"no agent that is up offers {job.service}",
        HoldReason.AGENT_FULL: f"every agent for {job.service} is full ({facts.agents} up)",
        HoldReason.NEXT: "nothing stands in its way: it starts with the next agent that asks",
    }
    if place is None:
        return sentences[reason]
    return f"{sentences[reason]}; number {place} of {job.user_id}'s line for {job.service}"


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
