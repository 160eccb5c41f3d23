"""A server that is killed at its n-th system call: what it answered stays true, and all goes on.

Every day at a few calls that change something on a disk or tell somebody; at night at every call.
"""

from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.faults.nursery import Nursery
from tests.faults.scenarios import CHOSEN, Scenario
from tests.faults.sizes import size
from tests.faults.stand import Stand, a_stand
from tests.faults.strace import Injection, needs_strace, points
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, needs_strace, pytest.mark.timeout(size(60, nightly=3600))]

STEPS = (
    "fsync,fdatasync,pwrite64,write,openat,mkdir,ftruncate,fallocate,"
    "/^(rename|unlink|rmdir|link|send|writev|exit_group)"
)
CALLS = size(STEPS, nightly="!futex,mprotect,mmap,munmap,brk,getpid")
MOST_POINTS = size(2, nightly=700)


@pytest.mark.parametrize("scenario", CHOSEN, ids=str)
def test_what_was_answered_survives_a_crash_at_any_call(
    server_nursery: Nursery, tmp_path: Path, scenario: Scenario
) -> None:
    with a_stand(tmp_path / "site", server_nursery) as stand:
        everywhere = look(stand, scenario)
        chosen = everywhere[:: -(-len(everywhere) // MOST_POINTS)]
        crashes = sum(crash(stand, scenario, point) for point in chosen)
    assert crashes >= len(chosen) / 2


def look(stand: Stand, scenario: Scenario) -> list[Injection]:
    """Do it once without a fault, to see at which calls it can be killed."""
    errand = scenario.prepare(stand)
    scenario.act(stand, errand, CALLS, None)
    found = [Injection(call=call, number=number) for call, number in points(stand.log)]
    stand.revive()
    scenario.finish(stand, errand)
    return found


def crash(stand: Stand, scenario: Scenario, point: Injection) -> bool:
    """Kill the server there, start it again and go on to the end; whether it was killed."""
    errand = scenario.prepare(stand)
    with suppress(httpx.TransportError):
        scenario.act(stand, errand, CALLS, point)
    has_died = not stand.server.is_alive
    stand.revive()
    scenario.finish(stand, errand)
    wait_until(
        lambda: not stand.violations(), timeout=2, describe=lambda: (point, stand.violations())
    )
    return has_died
