"""Which end becomes which outcome, when a lease is over, and how long to wait: pure tables."""

from itertools import pairwise

import pytest

from joborch.agent.backoff import MOST_S, BackOff
from joborch.agent.endings import Cause, Ended, Ending, ending_of
from joborch.agent.leases import StopRule, stop_rule
from tests.support.agent_link import a_lease


@pytest.mark.parametrize(
    ("ended", "outcome", "reason"),
    [
        (Ended(cause=Cause.EXITED, exit_code=0), "completed", None),
        (Ended(cause=Cause.EXITED, exit_code=1), "failed", None),
        (Ended(cause=Cause.EXITED, signal=9), "failed", None),
        (Ended(cause=Cause.TIMED_OUT, signal=15), "timed_out", None),
        (Ended(cause=Cause.CANCELLED, exit_code=0), "cancelled", None),
        (Ended(cause=Cause.LEASE_LOST, signal=15), "lost", "lease_lost"),
        (Ended(cause=Cause.SHUTDOWN, signal=15), "lost", "shutdown"),
        (Ended(cause=Cause.SUPERVISOR_LOST), "lost", "supervisor_lost"),
        (Ended(cause=Cause.HOST_REBOOTED), "lost", "host_rebooted"),
        (Ended(cause=Cause.CANNOT_START, detail="no perl"), "failed", "cannot_start: no perl"),
        (
            Ended(cause=Cause.CANNOT_START, detail="no bash", is_of_host=True),
            "lost",
            "cannot_start: no bash",
        ),
    ],
)
def test_a_cause_becomes_an_outcome(ended: Ended, outcome: str, reason: str | None) -> None:
    ending = ending_of(ended)
    assert (ending.outcome, ending.reason) == (outcome, reason)
    assert (ending.exit_code, ending.signal) == (ended.exit_code, ended.signal)


def test_a_report_has_ages_instead_of_times() -> None:
    ending = Ending(outcome="completed", exit_code=0, started_at=100.0, ended_at=130.0)
    report = ending.report(a_lease(), now=131.0, data=None)
    assert (report.started_ago_s, report.ended_ago_s, report.results) == (31.0, 1.0, None)


@pytest.mark.parametrize("lost_after_s", [4, 8, 60, 900, 86400])
def test_an_attempt_is_gone_before_its_lease_is(lost_after_s: float) -> None:
    rule = stop_rule(lost_after_s=lost_after_s, grace_s=10)
    assert rule.stop_after_s + rule.grace_s < lost_after_s


def test_the_usual_rule_has_the_whole_grace_and_a_tenth_to_spare() -> None:
    rule = stop_rule(lost_after_s=900, grace_s=10)
    assert rule == StopRule(stop_after_s=800, grace_s=10, force_after_s=855)


@pytest.mark.parametrize(
    ("renewed_at", "allowed"), [(100.0, True), (91.0, True), (90.0, False), (101.0, False)]
)
def test_a_start_needs_a_lease_that_holds(renewed_at: float, allowed: bool) -> None:
    rule = StopRule(stop_after_s=10, grace_s=1, force_after_s=12)
    assert rule.allows_start(renewed_at=renewed_at, now=100.0) is allowed
    assert not rule.allows_start(renewed_at=None, now=100.0)


def test_pauses_double_up_to_a_limit_and_start_again_after_success() -> None:
    back_off = BackOff(chance=lambda: 1.0)
    pauses = [back_off.next_s() for _ in range(8)]
    assert pauses[:3] == [0.5, 1.0, 2.0]
    assert all(a <= b for a, b in pairwise(pauses))
    assert pauses[-1] == MOST_S
    back_off.succeeded()
    assert back_off.next_s() == 0.5
