"""Random kills of everything, at random times, while jobs keep coming.

``FAULT_JOBS``, ``FAULT_KILLS``, ``FAULT_SECONDS``, ``FAULT_KINDS`` and ``FAULT_SEED`` make it
larger, longer, narrower, or the same as one that failed; ``scripts/faults`` sets them.
"""

import os
import re
from pathlib import Path

import pytest

from tests.faults import invariants
from tests.faults.killer import KINDS
from tests.faults.plant import Attack, Plant
from tests.faults.sizes import a_seed, size
from tests.support.site import a_site

pytestmark = pytest.mark.faults

JOBS, KILLS = size((1000, 120), nightly=(20_000, 2500))
JOBS_A_SECOND = 20


def the_attack() -> Attack:
    """Read from the environment what is to be done; the usual size without it."""
    jobs = int(os.environ.get("FAULT_JOBS", JOBS))
    return Attack(
        seed=a_seed(),
        jobs=jobs,
        kills=int(os.environ.get("FAULT_KILLS", KILLS)),
        lasts_s=float(os.environ.get("FAULT_SECONDS", jobs / JOBS_A_SECOND)),
        kinds=tuple(os.environ.get("FAULT_KINDS", " ".join(KINDS)).split()),
    )


ATTACK = the_attack()


@pytest.mark.timeout(120 + 4 * ATTACK.lasts_s)
def test_nothing_is_lost_or_done_twice_whatever_is_killed(tmp_path: Path) -> None:
    with a_site(tmp_path, is_warm=False) as site:
        plant = Plant(site, ATTACK)
        plant.run()
        violations = plant.violations()
    assert not violations, report(plant, violations)
    assert plant.killer.counts.total() >= ATTACK.kills


def report(plant: Plant, violations: list[str]) -> str:
    """Say how to see it again, what is wrong, and what happened to the jobs concerned."""
    lines = [f"FAULT_SEED={plant.attack.seed}, killed {dict(plant.killer.counts)}", *violations]
    jobs = sorted({int(found[1]) for line in violations if (found := re.match(r"job (\d+)", line))})
    with invariants.opened(plant.data / "joborch.db") as database:
        for job_id in jobs[:5]:
            lines += [f"events of job {job_id}:", *invariants.story_of(database, job_id)]
            kills = [kill for kill in plant.killer.kills if job_id in dict(kill.attempts)]
            lines += [f"kills: {kills}"]
    return "\n".join(lines)
