"""What happened at a made-up site until noon, and how much of it: told by its jobs as they are."""

import math
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from joborch.domain.states import JobState
from joborch.tui.plotting import WINDOWS
from joborch.wire.events import EventView
from joborch.wire.jobs import JobView
from joborch.wire.statistics import Bucket, Estimate, Spread, Statistics
from tests.support.views import NOON

FIRST_SEQ = 88_200
ENDS = {
    JobState.COMPLETED: "complete",
    JobState.FAILED: "fail",
    JobState.TIMED_OUT: "time_out",
    JobState.CANCELLED: "cancel",
    JobState.INVALID: "reject",
}
QUEUED, ASSIGNED, RUNNING = JobState.QUEUED, JobState.ASSIGNED, JobState.RUNNING


def a_past(jobs: Iterable[JobView]) -> list[EventView]:
    """Everything that happened to these jobs, in its order."""
    moves = sorted((move for job in jobs for move in _moves(job)), key=lambda move: move["at"])
    return [EventView(seq=seq, **move) for seq, move in enumerate(moves, FIRST_SEQ)]


def _moves(job: JobView) -> Iterator[dict[str, Any]]:
    def move(event: str, before: str | None, after: str, actor: str, **but: Any) -> dict[str, Any]:
        attempt = 0 if event in {"submit", "held"} else job.attempt
        facts = {"job_id": job.id, "attempt": attempt, "event": event, "actor": actor}
        return {**facts, "from_state": before, "to_state": after, **but}

    user, agent, second = f"user:{job.user_id}", f"agent:{job.agent}", timedelta(seconds=1)
    yield move("submit", None, QUEUED, user, at=job.submitted_at)
    if job.held_at:
        yield move("held", QUEUED, QUEUED, user, at=job.held_at)
    if job.state == QUEUED:
        return
    if job.started_at is None and job.state == JobState.INVALID:
        yield move("reject", QUEUED, job.state, "server", at=job.submitted_at + second)
        return
    started = job.started_at or NOON
    given = {"at": started - second, "detail": {"agent": job.agent}}
    yield move("assign", QUEUED, ASSIGNED, "dispatch", **given)
    if job.started_at:
        yield move("start", ASSIGNED, RUNNING, agent, at=started)
    if job.finished_at:
        detail = {} if job.exit_code is None else {"exit_code": job.exit_code}
        end = ENDS[JobState(job.state)]
        yield move(end, RUNNING, job.state, agent, at=job.finished_at, detail=detail)


def all_windows() -> dict[timedelta, Statistics]:
    """How much was done in each window."""
    return {window: a_busy_window(window, buckets) for window, buckets in WINDOWS.values()}


def a_busy_window(window: timedelta, buckets: int) -> Statistics:
    """A day that began quietly, with some failures."""
    bucket_s = window.total_seconds() / buckets
    minutes = bucket_s / 60
    found = [_bucket(i, buckets, bucket_s, minutes) for i in range(buckets)]
    completed, failed = sum(b.completed for b in found), sum(b.failed for b in found)
    return Statistics(
        at=NOON,
        window_s=window.total_seconds(),
        bucket_s=bucket_s,
        service=None,
        buckets=found,
        submitted=sum(b.submitted for b in found),
        completed=completed,
        failed=failed,
        cancelled=0,
        per_minute=(completed + failed) * 60 / window.total_seconds(),
        queued=245,
        held=1,
        active=6,
        wait=Spread(count=completed + failed, p50_s=660, p95_s=2280, p99_s=2500),
        run=Spread(count=completed + failed, p50_s=42, p95_s=62, p99_s=64.2),
        drain=Estimate(expected_s=2520, low_s=2280, high_s=2940),
        drain_reason=None,
    )


def _bucket(i: int, buckets: int, bucket_s: float, minutes: float) -> Bucket:
    share = i / buckets
    rate = 12 * share * (1.2 + math.sin(share * 9)) / 2.2
    return Bucket(
        at=NOON - timedelta(seconds=bucket_s * (buckets - i)),
        submitted=round(250 * minutes) if i == buckets // 8 else round(2 * minutes),
        completed=round(rate * minutes),
        failed=math.ceil(minutes) if i % 7 == 3 else 0,
        cancelled=0,
    )
