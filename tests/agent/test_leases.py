"""When an attempt has to end because its lease is not renewed, and who sees to it."""

import asyncio
from pathlib import Path

import pytest

from joborch.agent.leases import stop_rule
from joborch.process.clock import Clock
from joborch.wire.agents import PollAnswer, Report
from tests.support.agent_link import ScriptedLink, a_file, a_lease
from tests.support.agents import results_of, serving


@pytest.mark.parametrize("lost_after_s", [2.5, 10, 60, 900, 86400])
@pytest.mark.parametrize("grace_s", [0, 10, 600])
def test_an_attempt_is_stopped_killed_and_forced_before_its_lease_is_lost(
    lost_after_s: float, grace_s: float
) -> None:
    rule = stop_rule(lost_after_s=lost_after_s, grace_s=grace_s)
    killed_after_s = rule.stop_after_s + rule.grace_s
    assert 0 < rule.stop_after_s <= killed_after_s < rule.force_after_s < lost_after_s


@pytest.mark.parametrize(
    ("renewed_at", "left_s"), [(100, 71), (150, 121), (None, 91), (-1, 91), (201, 91)]
)
def test_a_lease_counts_from_its_last_sensible_renewal(
    renewed_at: float | None, left_s: float
) -> None:
    rule = stop_rule(lost_after_s=180, grace_s=4)
    assert (rule.stop_after_s, rule.force_after_s) == (158, 171)
    assert rule.force_in_s(renewed_at=renewed_at, taken_at=120, now=200) == left_s


class SlowLink(ScriptedLink):
    """A server that has other things to do when an input is fetched from it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def fetch_payload_file(
        self, payload_id: str, name: str, into: Path, *, size_bytes: int | None = None
    ) -> None:
        self.asked.set()
        await self.go_on.wait()
        into.write_bytes(b"late")


class SuspendingClock(Clock):
    """The clocks of a host that is suspended now and then, as the test says."""

    suspended_s = 0.0

    def boottime(self) -> float:
        return super().boottime() + self.suspended_s


def fetched_late(work_dir: Path, *, suspended_s: float) -> Report:
    """Have a lease renewed after a while in which its input was still on its way."""

    async def go() -> Report:
        link, clock = SlowLink(), SuspendingClock()
        async with serving(link, work_dir, clock=clock):
            link.lease(a_lease("touch ran", files=[a_file("input", None)]))
            await link.asked.wait()
            await link.polled(2)
            clock.suspended_s = suspended_s
            # This one was sent too early to renew anything; the next one does.
            link.give(PollAnswer())
            await link.polled(3)
            link.give(PollAnswer())
            await link.polled(4)
            link.go_on.set()
            return await link.reported(7)

    return asyncio.run(go())


def test_a_lease_that_lapsed_is_given_back_though_it_was_renewed_since(work_dir: Path) -> None:
    report = fetched_late(work_dir, suspended_s=900)
    assert (report.outcome, report.reason) == ("given_back", "lease_lost")
    assert "ran" not in results_of(report)


def test_a_lease_that_held_all_the_while_is_carried_out(work_dir: Path) -> None:
    report = fetched_late(work_dir, suspended_s=700)
    assert report.outcome == "completed"
    assert "ran" in results_of(report)
