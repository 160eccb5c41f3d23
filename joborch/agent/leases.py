"""When an attempt has to end because the server may have given it to somebody else. Pure."""

from dataclasses import dataclass

_LEAST_MARGIN_S = 1.0
_MARGIN_PART = 0.1
_MOST_GRACE_PART = 0.25
_LEAST_STOP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """What an attempt does when its lease is not renewed."""

    stop_after_s: float
    """It is told to end when the last renewal is so long ago."""
    grace_s: float
    """It is killed so much later. Never longer than the agent's own grace."""

    def allows_start(self, *, renewed_at: float | None, now: float) -> bool:
        """Whether the lease, last renewed at a CLOCK_BOOTTIME, still holds.

        A renewal in the future is one of before a reboot.
        """
        return renewed_at is not None and 0 <= now - renewed_at < self.stop_after_s


def stop_rule(*, lost_after_s: float, grace_s: float) -> StopRule:
    """Choose a rule by which an attempt is gone before its lease counts as lost elsewhere.

    The grace gives way where a lease is too short for it (tests have such), since two attempts of
    one job must never overlap.
    """
    grace = min(grace_s, lost_after_s * _MOST_GRACE_PART)
    margin = max(_LEAST_MARGIN_S, lost_after_s * _MARGIN_PART)
    return StopRule(stop_after_s=max(_LEAST_STOP_S, lost_after_s - grace - margin), grace_s=grace)
