"""A host that loses its power while an agent has jobs on it, and is switched on again."""

from pathlib import Path

import pytest

from tests.faults.hosts import Host, a_host
from tests.faults.sizes import size
from tests.support.site import Site, a_site
from tests.support.waiting import wait_until

pytestmark = pytest.mark.faults

RUNNING = "touch running; sleep 60"
SMALL = "until [ -e ../go ]; do sleep 0.02; done; echo small"
LARGE = "until [ -e ../go ]; do sleep 0.02; done; head -c 400000 /dev/urandom >large"


@pytest.mark.parametrize("turn", range(size(1, nightly=50)))
def test_what_was_not_stored_before_a_reboot_is_lost_and_nobody_is_hurt(
    tmp_path: Path, turn: int
) -> None:
    with a_site(tmp_path, is_warm=False) as site, a_host(site) as host:
        server = site.serve("--service", "example:max_attempts=1")
        agent = host.agent()
        [running], [unpacked], [packed] = map(site.submit, (RUNNING, SMALL, LARGE))
        wait_until((host.attempt(running) / "work" / "running").exists, timeout=20)
        wait_until((host.attempt(packed) / "started.json").exists, timeout=20)
        wait_until((host.attempt(unpacked) / "started.json").exists, timeout=20)
        server.end()
        finish(host, packed, leaving="ending.json")
        host.kill_agent(agent)
        finish(host, unpacked, leaving="exit.json")
        host.power_off()
        host.boot()
        victims = host.plant_victims(running) + host.plant_victims(unpacked)
        site.serve("--service", "example:max_attempts=1")
        host.agent()
        states = [site.wait(job_id)["state"] for job_id in (running, unpacked, packed)]
        wait_until(lambda: not any((host.work_dir / "attempts").iterdir()))
        assert all(victim.is_unharmed for victim in victims)
        assert states == ["lost", "lost", "completed"]
        assert why_lost(site, running) == why_lost(site, unpacked) == ["host_rebooted"]


@pytest.mark.skipif(not size(False, nightly=True), reason="a lost job waits 10 s for its next try")
def test_a_job_that_was_running_at_a_reboot_is_tried_again(tmp_path: Path) -> None:
    with a_site(tmp_path, is_warm=False) as site, a_host(site) as host:
        site.serve("--service", "example")
        host.agent()
        [job_id] = site.submit('test "$JOBORCH_ATTEMPT" = 2 && exit 0; touch running; sleep 60')
        wait_until((host.attempt(job_id) / "work" / "running").exists, timeout=20)
        host.power_off()
        host.boot()
        host.agent()
        job = site.wait(job_id)
    assert (job["state"], job["attempt"]) == ("completed", 2)


def finish(host: Host, job_id: int, *, leaving: str) -> None:
    """Let a job end, and wait for the record of that."""
    (host.attempt(job_id) / "go").touch()
    wait_until((host.attempt(job_id) / leaving).exists, timeout=20)


def why_lost(site: Site, job_id: int) -> list[str]:
    return [event["detail"]["note"] for event in site.events(job_id) if event["event"] == "lose"]
