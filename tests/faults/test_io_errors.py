"""A kernel that fails once, at the n-th call: no success is answered that is not on disk.

What fails to be flushed or committed ends the server, since nobody knows what is on the disk then.
Anything else fails the one request, leaves nothing behind, and the next try succeeds.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.faults.errands import Errand
from tests.faults.nursery import Nursery
from tests.faults.scenarios import CHOSEN, Scenario
from tests.faults.sizes import size
from tests.faults.stand import Stand, a_stand
from tests.faults.strace import Injection, needs_strace, points, was_injected
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, needs_strace, pytest.mark.timeout(size(60, nightly=3600))]

FLUSHES = {"fsync": ("EIO",), "fdatasync": ("EIO",)}
OTHERS = {
    "pwrite64": ("ENOSPC", "EIO"),
    "write": ("ENOSPC", "EIO"),
    "rename": ("EIO", "ENOSPC"),
    "openat": ("EMFILE", "ENFILE", "EIO"),
    "mkdir": ("ENOSPC", "EIO"),
    "unlink": ("EIO",),
    "rmdir": ("EIO",),
    "pread64": ("EIO",),
    "accept4": ("EMFILE", "ENFILE"),
}
MOST_POINTS = size(1, nightly=1000)
REQUESTS = [one for one in CHOSEN if one.is_request]
STARTS = [one for one in CHOSEN if "start" in one.name]
UPLOADED = next(one for one in CHOSEN if one.name == "large: report_uploaded")
FAILED = re.compile("database failed|files could not be flushed")
"""What the server says before it ends because of a disk."""
REFUSALS = {500, 503, 507}


@pytest.mark.parametrize("scenario", [one for one in REQUESTS if one.commits], ids=str)
def test_a_flush_that_fails_ends_the_server_and_is_never_acknowledged(
    server_nursery: Nursery, tmp_path: Path, scenario: Scenario
) -> None:
    met = 0
    with a_stand(tmp_path / "site", server_nursery) as stand:
        for point in chosen(look(stand, scenario, FLUSHES)):
            errand = scenario.prepare(stand)
            answer = act(stand, scenario, errand, point)
            if was_injected(stand.log):
                assert answer != "success", point
                assert ended(stand) > 0, point
                met += 1
            recover(stand, scenario, errand, point)
    assert met > 0


def test_results_that_could_not_be_flushed_are_never_flushed_again(
    server_nursery: Nursery, tmp_path: Path
) -> None:
    first_flush = Injection(call="fsync", number=1, effect="error=EIO")
    with a_stand(tmp_path / "site", server_nursery) as stand:
        errand = UPLOADED.prepare(stand)
        assert act(stand, UPLOADED, errand, first_flush) != "success"
        assert ended(stand) > 0
        assert [*(stand.data / "incoming").iterdir()] == []


@pytest.mark.parametrize("scenario", REQUESTS, ids=str)
def test_any_other_error_fails_the_request_or_ends_the_server_and_leaves_nothing_behind(
    server_nursery: Nursery, tmp_path: Path, scenario: Scenario
) -> None:
    with a_stand(tmp_path / "site", server_nursery) as stand:
        for point in chosen(look(stand, scenario, OTHERS)):
            errand = scenario.prepare(stand)
            act(stand, scenario, errand, point)
            recover(stand, scenario, errand, point)


@pytest.mark.parametrize("scenario", STARTS, ids=str)
def test_a_start_that_fails_says_so_and_the_next_one_succeeds(
    server_nursery: Nursery, tmp_path: Path, scenario: Scenario
) -> None:
    with a_stand(tmp_path / "site", server_nursery) as stand:
        for point in chosen(look(stand, scenario, FLUSHES | OTHERS)):
            errand = scenario.prepare(stand)
            act(stand, scenario, errand, point)
            recover(stand, scenario, errand, point)


def look(
    stand: Stand, scenario: Scenario, errors: Mapping[str, tuple[str, ...]]
) -> list[Injection]:
    """Do it once without a fault, to see which calls on the server's files can fail."""
    errand = scenario.prepare(stand)
    scenario.act(stand, errand, ",".join(errors), None)
    found = points(stand.log, about=str(stand.data))
    stand.revive()
    scenario.finish(stand, errand)
    return [
        Injection(call=call, number=number, effect=f"error={error}")
        for call, number in [*found, *((call, 1) for call in errors if call == "accept4")]
        for error in errors[call]
    ]


def ended(stand: Stand) -> int:
    """Return how the server ended by itself."""
    wait_until(lambda: not stand.server.is_alive, describe=lambda: stand.server.said)
    return stand.server.wait()


def chosen(found: list[Injection]) -> list[Injection]:
    return found[:: -(-len(found) // MOST_POINTS)]


def act(stand: Stand, scenario: Scenario, errand: Errand, point: Injection) -> str:
    """Do it once with this error, and say what was answered."""
    try:
        scenario.act(stand, errand, point.call, point)
    except httpx.TransportError:
        return "nothing"
    except httpx.HTTPStatusError as refusal:
        assert refusal.response.status_code in REFUSALS, point
        return "refusal"
    return "success"


def recover(stand: Stand, scenario: Scenario, errand: Errand, point: Injection) -> None:
    """Start the server if it has ended, which it must have said; then go on to the end."""
    if FAILED.search(stand.server.said) or not stand.server.is_alive:
        assert ended(stand) != 0, (point, stand.server.said)
    stand.revive()
    try:
        scenario.finish(stand, errand)
    except httpx.TransportError:  # it was about to end
        assert ended(stand) != 0, (point, stand.server.said)
        stand.revive()
        scenario.finish(stand, errand)
    if any((stand.data / "staging").iterdir()):
        # What could not be opened could not be removed either, before the next start.
        assert point.call in {"openat", "unlink", "rmdir"}, point
        stand.server.end()
        stand.start()
    wait_until(
        lambda: not stand.violations(), timeout=2, describe=lambda: (point, stand.violations())
    )
