"""The numbers that decide about one job that waits, read at one moment."""

from joborch.domain.jobs import Job
from joborch.domain.quotas import Limits, effective
from joborch.domain.scheduling import HoldReason, Snapshot, why_waiting
from joborch.server.operations.forecasts import Taking, offering
from joborch.server.operations.waiting import candidate_of
from joborch.server.store import gates, jobs, lines, overrides, pauses, snapshots
from joborch.server.store import usage as counters
from joborch.server.store.database import Connection
from joborch.wire.jobs import Awaited, Explanation

MOST_HOLDERS = 100


class Facts:
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


def _awaited(connection: Connection, job: Job) -> tuple[list[Awaited], int]:
    if job.gate_id is None:
        return [], 0
    first = [
        Awaited(id=job_id, state=state.value, until=kind.value)
        for job_id, kind, state in gates.members(connection, job.gate_id)
    ]
    return first, gates.waited(connection, {job.gate_id})[job.gate_id].count
