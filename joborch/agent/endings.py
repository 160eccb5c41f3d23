"""How an attempt ended: what the backend saw, and what the server is told of it.

Pure; the only place that says which cause becomes which outcome.
"""

from enum import StrEnum
from typing import assert_never

import msgspec

from joborch.wire.agents import Lease, Report, ResultsSent


class Cause(StrEnum):
    """Why an attempt's processes are gone."""

    EXITED = "exited"
    """By itself, or by a signal that nobody here sent."""
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    LEASE_LOST = "lease_lost"
    """The agent had not heard of the server for too long."""
    SHUTDOWN = "shutdown"
    """The agent was told to end at once."""
    SUPERVISOR_LOST = "supervisor_lost"
    """What watched over it died, so nobody knows how it ended."""
    HOST_REBOOTED = "host_rebooted"
    CANNOT_START = "cannot_start"
    """The backend took it but could not start it; the job has not run."""


class Ended(msgspec.Struct, kw_only=True, frozen=True):
    """The end of an attempt as its backend saw it. Times are seconds since the epoch."""

    cause: Cause
    exit_code: int | None = None
    signal: int | None = None
    detail: str | None = None
    """What the cause alone does not say, fit to be shown to the user."""
    is_of_host: bool = False
    """With ``CANNOT_START``: it is not the job's fault, another host may be able to."""
    started_at: float | None = None
    ended_at: float | None = None


class Ending(msgspec.Struct, kw_only=True, frozen=True):
    """What the server is to be told of an attempt; kept on disk until it has been."""

    outcome: str
    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    results_bytes: int | None = None
    """None: there are no results to send."""
    results_sha256: str | None = None

    def report(self, lease: Lease, *, now: float, data: bytes | None) -> Report:
        """Put it into words for the server; ``data`` are results small enough to go along."""
        return Report(
            job_id=lease.job_id,
            attempt=lease.attempt,
            token=lease.token,
            outcome=self.outcome,
            exit_code=self.exit_code,
            signal=self.signal,
            reason=self.reason,
            started_ago_s=_ago(self.started_at, now),
            ended_ago_s=_ago(self.ended_at, now),
            results=self._results(data),
        )

    def _results(self, data: bytes | None) -> ResultsSent | None:
        if self.results_bytes is None or self.results_sha256 is None:
            return None
        return ResultsSent(size_bytes=self.results_bytes, sha256=self.results_sha256, data=data)


def ending_of(ended: Ended) -> Ending:
    """Translate the end of an attempt, as yet without results."""
    outcome, reason = _verdict(ended)
    return Ending(
        outcome=outcome,
        reason=reason,
        exit_code=ended.exit_code,
        signal=ended.signal,
        started_at=ended.started_at,
        ended_at=ended.ended_at,
    )


def rejected(reason: str) -> Ending:
    """Say that an attempt can never run, whoever tries."""
    return Ending(outcome="invalid", reason=reason)


def given_back(reason: str) -> Ending:
    """Say that an attempt was not even tried: it cannot be taken here at present."""
    return Ending(outcome="given_back", reason=reason)


def lost(reason: str) -> Ending:
    """Say that an attempt came to nothing through no fault of the job."""
    return Ending(outcome="lost", reason=reason)


def _verdict(ended: Ended) -> tuple[str, str | None]:
    match ended.cause:
        case Cause.EXITED:
            return ("completed" if ended.exit_code == 0 else "failed"), ended.detail
        case Cause.TIMED_OUT | Cause.CANCELLED:
            return ended.cause.value, ended.detail
        case Cause.CANNOT_START:
            outcome = "lost" if ended.is_of_host else "failed"
            return outcome, f"cannot_start: {ended.detail}" if ended.detail else "cannot_start"
        case (
            Cause.LEASE_LOST | Cause.SHUTDOWN | Cause.SUPERVISOR_LOST | Cause.HOST_REBOOTED
        ) as cause:
            return "lost", f"{cause.value}: {ended.detail}" if ended.detail else cause.value
        case _:
            assert_never(ended.cause)


def _ago(at: float | None, now: float) -> float | None:
    return None if at is None else max(0.0, now - at)
