"""Servers that are there and yet not: everybody notices, in time, and nobody waits for ever."""

import asyncio
import random
import signal
import time
from collections.abc import Iterator

import pytest

from joborch.client.transport import Call, Transport
from joborch.domain.errors import JoborchError
from tests.faults.branches import Branches, branches, hanging
from tests.faults.network import Host
from tests.faults.sizes import IS_NIGHTLY
from tests.support.far_away import far_away
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.journey]

FORGOTTEN, SWALLOWED, FAR_AWAY, SLOW, LEAVING = (f"compute-{number}" for number in range(1, 6))
LOST_AFTER_S = 12
STOP_AFTER_S = 7.8
"""A job whose lease was renewed so long ago is ended by its supervisor."""
UNREACHABLE = 5
BULK = random.Random(1).randbytes(300_000)  # noqa: S311 - no secret
"""Too much to travel inside a lease, or twice as much inside a report."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Branches]:
    with branches(tmp_path_factory.mktemp("branches"), agents=5) as place:
        place.site.serve("--service", f"work:lost_after={LOST_AFTER_S}s,per_user=9")
        yield place


def test_a_connection_that_a_firewall_forgot_is_given_up_before_the_lease_is(
    place: Branches,
) -> None:
    agent = place.start_all([FORGOTTEN], "work:1")[FORGOTTEN]
    job_id = a_running_job(place)

    place.host_of(FORGOTTEN).forget_connections()
    began = boottime()
    wait_until(lambda: renewed_at(place, FORGOTTEN) > began, timeout=STOP_AFTER_S)

    assert "server is away" in agent.said
    assert [event["event"] for event in place.site.events(job_id)] == ["submit", "assign", "start"]
    place.site.post(f"/api/v1/jobs/{job_id}/cancel")
    place.site.wait(job_id)
    agent.end()


def test_who_is_behind_a_network_that_swallows_all_says_so_and_tries_on(place: Branches) -> None:
    host = place.host_of(SWALLOWED)
    host.mute()
    agent = place.start(SWALLOWED, "work:1")
    assert_status_says_unreachable(place, host)
    wait_until(lambda: "cannot be reached" in agent.said, timeout=20, describe=lambda: agent.said)
    tried = host.dropped

    host.heal()
    wait_until(lambda: SWALLOWED in place.up, timeout=20, describe=lambda: agent.said)
    assert tried < 30
    agent.end()


@pytest.mark.skipif(not IS_NIGHTLY, reason="takes half a minute")
def test_a_slow_line_is_not_taken_for_a_dead_one(place: Branches) -> None:
    place.host_of(SLOW).throttle("512kbit")
    with place.host_of(SLOW).entered():
        answered = asyncio.run(send(place.site.url, bytes(1_200_000), timeout_s=8.0))
    assert answered == "invalid_request"


def test_a_server_that_hangs_does_not_hang_who_asks_it(place: Branches) -> None:
    with hanging(place.site.started[0]):
        assert_status_says_unreachable(place, place.network.server)


def test_an_agent_a_quarter_of_a_second_away_runs_jobs_like_any_other(place: Branches) -> None:
    with far_away(place.site.host, place.site.port, delay_s=0.25) as port:
        agent = place.start(FAR_AWAY, "work:1", port=port)
        job_ids = place.site.submit("cat bulk bulk >out\n", service="work", files={"bulk": BULK})
        (job,) = [place.site.wait(job_id) for job_id in job_ids]
        agent.end()
    result = place.site.get(f"/api/v1/jobs/{job['id']}/files/result/out").content
    assert (job["state"], job["attempt"], result) == ("completed", 1, 2 * BULK)


def test_an_agent_without_its_server_ends_when_asked(place: Branches) -> None:
    agent = place.start_all([LEAVING], "work:1")[LEAVING]
    a_running_job(place)
    place.host_of(LEAVING).cut()
    agent.end(signal.SIGTERM)
    assert "1 job left for the next agent" in agent.said


async def send(server: str, body: bytes, *, timeout_s: float) -> str:
    """Send it to where it does not belong, and return what the server says of it."""
    transport = Transport(server, timeout_s=timeout_s)
    call = Call(method="POST", path="/api/v1/agents/enrol", content=lambda: body)
    try:
        await transport.tell(call)
    except JoborchError as error:
        return error.code
    finally:
        await transport.close()
    return "accepted"


def a_running_job(place: Branches) -> int:
    (job_id,) = place.site.submit("sleep 60\n", service="work")
    place.site.wait(job_id, until="running")
    return job_id


def renewed_at(place: Branches, agent: str) -> float:
    """When the last poll was sent that renewed the agent's leases."""
    return float((place.site.home / agent / "lease").read_text())


def assert_status_says_unreachable(place: Branches, host: Host) -> None:
    began = time.monotonic()
    with host.entered():
        ended = place.site.joborch("--timeout", "1s", "status")
    assert ended.returncode == UNREACHABLE, ended.stderr
    assert time.monotonic() - began < 12


def boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
