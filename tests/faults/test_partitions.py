"""Networks that part, flap, lose, reset and crawl, under real servers, agents and jobs.

``FAULT_SEED`` repeats a storm that failed.
"""

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults import invariants
from tests.faults.branches import branches
from tests.faults.partition import Partition
from tests.faults.sizes import a_seed, size
from tests.faults.storm import Storm, Weather

pytestmark = [pytest.mark.faults, pytest.mark.journey, pytest.mark.timeout(size(120, nightly=400))]

LOST_AFTER_S = size(6, nightly=20)
"""At 6 s a job has 3.5 s from a renewal of its lease, and is killed 1.5 s later."""
WHOLE_STORY = ["submit", "assign", "start", "requeue", "assign", "start", "complete"]

STORMS = size(1, nightly=5)
SEED = a_seed()


@pytest.fixture(scope="module")
def partitioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Future[Partition]"]:
    """A partition under way, in a network of its own: it has to last, so storms pass meanwhile."""
    with ThreadPoolExecutor() as aside:
        yield aside.submit(part, tmp_path_factory.mktemp("partition"))


@pytest.mark.usefixtures("partitioned")
@pytest.mark.parametrize("seed", range(SEED, SEED + STORMS))
def test_every_job_ends_once_after_all_that_a_network_can_do(tmp_path: Path, seed: int) -> None:
    storm = storm_of(seed, tmp_path)
    violations = storm.violations()
    assert not violations, report(storm, violations)


def test_a_job_behind_a_partition_stops_before_it_starts_elsewhere(
    partitioned: "Future[Partition]", capsys: pytest.CaptureFixture[str]
) -> None:
    partition = partitioned.result()

    assert [job["state"] for job in partition.jobs] == ["completed"] * 3
    assert [[event["event"] for event in story] for story in partition.stories] == [WHOLE_STORY] * 3
    assert partition.results == ["attempt 2\n"] * 3
    assert partition.late_reports == {"discard"}
    assert invariants.never_overlaps(partition.marks) == []
    for handover in partition.handovers:
        with capsys.disabled():
            print(f"\n{handover}", end="")  # noqa: T201 - the evidence
        # Over when the server may give up on it already, not only when the next attempt begins.
        assert handover.first_ended < min(handover.lost, handover.given_up)
        assert handover.given_up < handover.second_began


def part(home: Path) -> Partition:
    with branches(home, agents=4) as place:
        partition = Partition(place, LOST_AFTER_S)
        partition.run()
    return partition


def storm_of(seed: int, home: Path) -> Storm:
    weather = Weather(
        seed=seed,
        jobs=size(15, nightly=30),
        calm_s=size(0.5, nightly=2.0),
        lost_after_s=size(30, nightly=60),
        rounds=size(1, nightly=3),
    )
    with branches(home, agents=2) as place:
        storm = Storm(place, weather)
        storm.run()
    return storm


def report(storm: Storm, violations: list[str]) -> str:
    """Say how to see it again, what is wrong, and what happened to the jobs concerned."""
    lines = [f"FAULT_SEED={storm.weather.seed}", *storm.spells, *violations]
    jobs = sorted({int(found[1]) for line in violations if (found := re.match(r"job (\d+)", line))})
    with invariants.opened(storm.data / "joborch.db") as database:
        for job_id in jobs[:5]:
            lines += [f"events of job {job_id}:", *invariants.story_of(database, job_id)]
    return "\n".join(lines)
