"""Why a job is where it is, in a sentence for a person. Reads nothing."""

from datetime import datetime

from joborch.domain.actors import held
from joborch.domain.dependencies import EndKind
from joborch.domain.durations import format_duration
from joborch.domain.jobs import Job
from joborch.domain.scheduling import HoldReason
from joborch.domain.states import JobState
from joborch.server.operations.facts import Facts


def waits(facts: Facts, reason: HoldReason, place: int | None, now: datetime) -> str:
    """Say why a job waits, and at which place of its user's line if it stands in one."""
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


def _taken_by_others(facts: Facts) -> dict[HoldReason, str]:
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


def _quota_of_user(facts: Facts) -> str:
    job, limit = facts.job, facts.limits.per_user
    set_by = "" if facts.own_limit is None else " (set by an operator)"
    if not limit:
        return f"quota of {job.user_id} for {job.service} is 0{set_by}: nothing starts"
    used = f"{facts.user_active}/{limit}{set_by}"
    return f"quota of {job.user_id} for {job.service} is used up: {used}"


def _paused(facts: Facts, now: datetime) -> str:
    if (pause := facts.pause) is None:
        return ""
    ago = format_duration(max((now - pause.at).total_seconds(), 0))
    why = f": {pause.reason}" if pause.reason else ""
    return f"{pause.service} is paused (by {pause.actor}, {ago} ago{why})"


def _after(facts: Facts) -> str:
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


def stands(job: Job, now: datetime) -> str:
    """Say how a job stands that does not wait."""
    if job.state is JobState.ASSIGNED:
        return "on its way to an agent"
    if job.state is JobState.RUNNING:
        ran_s = max((now - job.started_at).total_seconds(), 0) if job.started_at else 0
        asked = "; it has been asked to stop" if job.cancel_requested_at else ""
        return f"running for {format_duration(ran_s)}{asked}"
    return f"{job.state.value}{f': {job.reason}' if job.reason else ''}"
