"""When an attempt has to end because the server may have given it to somebody else. Pure."""

from dataclasses import dataclass

_LEAST_MARGIN_S = 1.0
_MARGIN_PART = 0.1
_MARGIN_OF_SUPERVISOR = 0.5
"""The other half of the margin is the agent's, should it have to end the attempt."""
_MOST_GRACE_PART = 0.25
_LEAST_STOP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """What an attempt does when its lease is not renewed."""

    stop_after_s: float
    """It is told to end when the last renewal is so long ago."""
    grace_s: float
    """It is killed so much later. Never longer than the agent's own grace."""
    force_after_s: float
    """Its supervisor must have been stopped if it still runs then: the agent has to end both."""

    def allows_start(self, *, renewed_at: float | None, now: float) -> bool:
        """Whether the lease, last renewed at a CLOCK_BOOTTIME, still holds.

        A renewal in the future is one of before a reboot.
        """
        return renewed_at is not None and 0 <= now - renewed_at < self.stop_after_s

    def force_in_s(self, *, renewed_at: float | None, taken_at: float, now: float) -> float:
        """In how many seconds its supervisor must have been stopped, if it still runs then.

        Without a sensible renewal, the lease counts from when the attempt was taken over.
        """
        since = taken_at if renewed_at is None or not 0 <= renewed_at <= now else renewed_at
        return since + self.force_after_s - now


def stop_rule(*, lost_after_s: float, grace_s: float) -> StopRule:
    """Choose a rule by which an attempt is gone before its lease counts as lost elsewhere.

    The grace gives way where a lease is too short for it (tests have such), since two attempts of
    one job must never overlap.
    """
    grace = min(grace_s, lost_after_s * _MOST_GRACE_PART)
    margin = max(_LEAST_MARGIN_S, lost_after_s * _MARGIN_PART)
    stop_after = max(_LEAST_STOP_S, lost_after_s - grace - margin)
    force_after = stop_after + grace + margin * _MARGIN_OF_SUPERVISOR
    return StopRule(stop_after_s=stop_after, grace_s=grace, force_after_s=force_after)
