"""What would let a waiting job start sooner, in commands to type. Knows nothing of any store."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from joborch.domain.jobs import Job
from joborch.domain.quotas import Limits
from joborch.domain.scheduling import HoldReason
from joborch.domain.selectors import spelt


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What stands around a job that waits."""

    job: Job
    limits: Limits
    """The service's, as they are configured."""
    own_limit: int | None = None
    """How many active jobs an operator allows its user, in place of the service's limit."""
    holders: Sequence[int]
    position: int | None
    service_active: int
    free_slots: int
    """At agents that take jobs of the service."""
    draining: Sequence[str]
    """Agents that offer the service and take no jobs."""

    @property
    def is_full(self) -> bool:
        """Whether all users together have as much as the service allows."""
        total = self.limits.total
        return total is not None and self.service_active >= total


def remedies(reason: HoldReason, around: Circumstances) -> list[str]:
    """Say what would help, what its user can do first."""
    found = _against(around)[reason]
    if around.position is not None and around.position > 1 and around.job.priority < 100:
        found.append(f"put it in front of yours: joborch set {around.job.id} priority=100")
    return found


def _against(around: Circumstances) -> dict[HoldReason, list[str]]:
    job, service, limits = around.job, around.job.service, around.limits
    agent = f"joborch agent --server URL --service {service}{_labels(job)}"
    fewer, resumed = _fewer(around.holders), _resumed(around.draining)
    return {
        HoldReason.HELD: [f"let it go: joborch release {job.id}"],
        HoldReason.DEPENDENCY: [],
        HoldReason.NOT_BEFORE: [f"let it begin now: joborch set {job.id} begin="]
        * (not job.attempt),
        HoldReason.SERVICE_PAUSED: [f"resume it: joborch services resume {service}"],
        HoldReason.QUOTA_USER: [
            *fewer,
            *_allowed(around),
            *[f"start another agent, too: {agent}"] * (not around.free_slots),
        ],
        HoldReason.QUOTA_SERVICE: [
            *fewer,
            _raised(around, per_user=limits.per_user),
            *[f"start another agent, too: {agent}"] * (not around.free_slots),
        ],
        HoldReason.BATCH_LIMIT: fewer,
        HoldReason.NO_AGENT: [*resumed, f"start an agent: {agent}"],
        HoldReason.AGENT_FULL: [*fewer, *resumed, f"start another agent: {agent}"],
        HoldReason.NEXT: [],
    }


def _fewer(holders: Sequence[int]) -> list[str]:
    if not holders:
        return []
    one_of = "one of " if len(holders) > 1 else ""
    return [f"wait for or cancel {one_of}{spelt(sorted(holders))}"]


def _allowed(around: Circumstances) -> list[str]:
    """Say how this user is allowed more: alone, or with all others where that would help."""
    job, own = around.job, around.own_limit
    limit = around.limits.per_user if own is None else own
    alone = f"joborch quota set {shlex.quote(job.user_id)} {job.service} running={limit + 1}"
    everybody = _raised(around, per_user=around.limits.per_user + (own is None))
    return [
        *[f"allow {job.user_id} more: {alone}"] * (own is not None or not around.is_full),
        *[everybody] * (own is None or around.is_full),
    ]


def _raised(around: Circumstances, *, per_user: int) -> str:
    """Name all quotas of the service: what is not named would go back to what is built in."""
    service, total = around.job.service, around.limits.total
    is_full = around.is_full
    which = [
        *["per_user"] * (per_user > around.limits.per_user),
        *["max"] * is_full,
    ]
    options = f"per_user={per_user}"
    if total is not None:
        options += f",max={total + is_full}"
    raised = " and ".join(which)
    return f"raise {raised} of {service}: joborch serve --service {service}:{options}"


def _resumed(draining: Sequence[str]) -> list[str]:
    return [f"resume an agent: joborch agents resume {shlex.quote(name)}" for name in draining]


def _labels(job: Job) -> str:
    wanted = job.demand.labels.items()
    return "".join(f" --label {shlex.quote(f'{key}={text}')}" for key, text in wanted)
