"""Pids that joborch has on record, and that belong to somebody else by now."""

from pathlib import Path

import pytest

from tests.faults.hosts import a_host
from tests.faults.sizes import size
from tests.support.site import Site, a_site
from tests.support.waiting import wait_until

pytestmark = pytest.mark.faults

LASTING = "touch running; sleep 60"


@pytest.mark.parametrize("turn", range(size(1, nightly=20)))
def test_who_got_the_pid_of_a_dead_job_or_supervisor_is_left_alone(
    tmp_path: Path, turn: int
) -> None:
    with a_site(tmp_path, is_warm=False) as site, a_host(site) as host:
        site.serve("--service", "example:max_attempts=1")
        host.agent()
        [job_id] = site.submit(LASTING)
        wait_until((host.attempt(job_id) / "work" / "running").exists, timeout=20)
        host.kill_everything()
        victims = host.plant_victims(job_id)
        host.agent()
        assert site.wait(job_id)["state"] == "lost"
        wait_until(lambda: not any((host.work_dir / "attempts").iterdir()))
        assert all(victim.is_unharmed for victim in victims)
        assert why_lost(site, job_id) == ["supervisor_lost"]


def why_lost(site: Site, job_id: int) -> list[str]:
    return [event["detail"]["note"] for event in site.events(job_id) if event["event"] == "lose"]
