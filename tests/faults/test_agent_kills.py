"""An agent and its launcher, killed again and again while a job runs that must not notice."""

import hashlib
import random
import time
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.faults import invariants
from tests.faults.killer import LAUNCHER, Killer
from tests.faults.sizes import a_seed, size
from tests.support.site import Site, a_site
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(size(60, nightly=240))]

LASTS_S = size(3, nightly=60)
KILLS = size(3, nightly=10)
SEED = a_seed()
SCRIPT = """
for tick in $(seq {ticks}); do echo $$ $tick >> ticks; sleep .1; done
sha256sum < ticks > ticks.sum
"""


def test_a_long_job_does_not_notice_that_its_agent_dies(tmp_path: Path) -> None:
    dice = random.Random(SEED)  # noqa: S311 - to be repeated, not to be secret
    ticks = 10 * LASTS_S
    with a_site(tmp_path, is_warm=False) as site:
        site.serve("--service", "example")
        agent = site.agent()
        killer = Killer(site.home, dice)
        (job_id,) = site.submit(SCRIPT.format(ticks=ticks))
        site.wait(job_id, until="running")
        for _ in range(KILLS):
            time.sleep(dice.uniform(0, LASTS_S / KILLS))  # at a moment nobody can foresee
            killer.strike(LAUNCHER)
            agent.end(SIGKILL)
            agent = site.agent()
        job = wait_until(lambda: ended(site, job_id), 3 * LASTS_S + 30, lambda: agent.said)
        lines = result(site, job_id, "ticks")
        assert (job["state"], job["exit_code"], job["attempt"]) == ("completed", 0, 1)
        assert result(site, job_id, "ticks.sum").split()[0] == sha256(lines)
    numbers = [line.split() for line in lines.splitlines()]
    assert [tick for _, tick in numbers] == [str(tick) for tick in range(1, ticks + 1)]
    assert len({pid for pid, _ in numbers}) == 1, f"seed {SEED}: one process from first to last"
    assert killer.counts[LAUNCHER] > 0
    assert invariants.leaves_no_process(tmp_path) == []


def ended(site: Site, job_id: int) -> dict[str, object] | None:
    job = site.job(job_id)
    return job if job["finished_at"] else None


def result(site: Site, job_id: int, name: str) -> str:
    return site.get(f"/api/v1/jobs/{job_id}/files/result/{name}").raise_for_status().text


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
