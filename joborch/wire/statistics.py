"""How much a site does, how long that takes, and when it will be done: on the wire."""

from datetime import datetime

import msgspec

from joborch.domain import estimates


class Estimate(msgspec.Struct, kw_only=True):
    """In how many seconds something is to be expected.

    In about eight cases of ten it happens between ``low_s`` and ``high_s``.
    """

    expected_s: float
    low_s: float
    high_s: float


class Spread(msgspec.Struct, kw_only=True):
    """How long something took, in seconds: half took at most ``p50_s``; null if nothing did."""

    count: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


class Bucket(msgspec.Struct, kw_only=True):
    """What happened within ``bucket_s`` from a moment on."""

    at: datetime
    submitted: int
    completed: int
    failed: int
    """Failed, timed out, invalid, or lost for good."""
    cancelled: int


class Statistics(msgspec.Struct, kw_only=True):
    """What happened in the newest stretch of time, and how things stand."""

    schema: str = "joborch.statistics/1"
    at: datetime
    window_s: float
    bucket_s: float
    service: str | None
    """The service that it is about; null for all of them."""
    buckets: list[Bucket]
    """In order; they begin at multiples of ``bucket_s``, and the last one is not over yet."""
    submitted: int
    completed: int
    failed: int
    cancelled: int
    per_minute: float
    """Jobs that ended, in a minute of the window."""
    queued: int
    """Waiting now, those that are held not counted."""
    after: int = 0
    """So many of the queued wait for other jobs."""
    held: int
    """Waiting because somebody holds them, whether or not they wait for other jobs as well."""
    active: int
    """On their way to an agent, or running."""
    wait: Spread
    """From submission to start, of the jobs that ended; what was held or put off waited too."""
    run: Spread
    """From start to end, of the jobs that completed, failed or timed out."""
    drain: Estimate | None
    """When nothing is queued or active any more, at this pace and if nothing else comes. Those that
    wait for other jobs are counted, those that are held are not."""
    drain_reason: str | None
    """Why there is no ``drain``."""


class StartEstimate(msgspec.Struct, kw_only=True):
    """When jobs would start, were they submitted now and nothing else that goes first."""

    schema: str = "joborch.estimate/1"
    service: str
    user_id: str
    jobs: int
    first: Estimate | None
    last: Estimate | None
    """The same as ``first`` for one job."""
    reason: str | None
    """Why nothing can be said."""


def estimate_of(estimate: estimates.Estimate) -> Estimate:
    """Show an estimate to the outside."""
    return Estimate(expected_s=estimate.expected_s, low_s=estimate.low_s, high_s=estimate.high_s)
