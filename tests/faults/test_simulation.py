"""Days full of faults, each from its seed: nothing runs twice at a time, and everything ends.

``SIM_SEEDS=500`` lives through more days, ``SIM_FIRST=1234`` begins with another one.
"""

import asyncio
import os
from pathlib import Path

import pytest

from tests.faults.simulated_agent import Rules
from tests.faults.simulation import simulate

FIRST = int(os.environ.get("SIM_FIRST", "1"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("SIM_SEEDS", "16")))


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_all_jobs_end_and_none_runs_twice_at_a_time(
    seed: int, tmp_path: Path
) -> None:
    day = asyncio.run(simulate(seed, tmp_path))
    assert not day.wrongs, f"seed {seed}:\n{day}"


def test_without_the_agents_own_rules_attempts_overlap(tmp_path: Path) -> None:
    """A day chosen for it: the simulation does notice."""
    day = asyncio.run(simulate(18, tmp_path, rules=Rules(stops=False, lapses=False)))
    assert "overlap" in " ".join(day.wrongs), f"found nothing:\n{day}"


def test_the_same_seed_gives_the_same_day(tmp_path: Path) -> None:
    first = asyncio.run(simulate(7, tmp_path / "first"))
    again = asyncio.run(simulate(7, tmp_path / "again"))
    assert first.trace == again.trace
    assert len(first.trace) > 50
