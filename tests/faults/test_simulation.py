"""Days full of faults, each from its seed: nothing runs twice at a time, and everything ends.

A failing day is replayed, with its trace, by ``SIM_FIRST=1234 SIM_SEEDS=1``; these also choose
which days are looked at, and how many.
"""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.simulated.store import memory
from tests.faults.simulation import Day, simulate
from tests.faults.sizes import size

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

FIRST = int(os.environ.get("SIM_FIRST", "1"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("SIM_SEEDS", size("32", nightly="2000"))))
MOST_SHOWN = 3


def test_whatever_goes_wrong_all_jobs_end_and_none_runs_twice_at_a_time() -> None:
    wrong = [f"seed {seed}: {wrongs}" for seed, wrongs in _lived_through() if wrongs]
    shown = [str(_day(seed)) for seed in SEEDS if len(SEEDS) == 1]
    assert not wrong, "\n".join([f"{len(wrong)} days", *shown, *wrong[:MOST_SHOWN]])


def test_the_same_seed_gives_the_same_day() -> None:
    first, again = _day(7), _day(7)
    assert first.trace == again.trace
    assert len(first.trace) > 50


def _lived_through() -> Iterator[tuple[int, tuple[str, ...]]]:
    """Live through all days, as many at a time as there are processors."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(len(os.sched_getaffinity(0))) as pool:
        yield from pool.imap_unordered(_wrongs, SEEDS, chunksize=1)


def _wrongs(seed: int) -> tuple[int, tuple[str, ...]]:
    return seed, _day(seed).wrongs


def _day(seed: int) -> Day:
    with tempfile.TemporaryDirectory(dir=memory()) as place:
        return simulate(seed, Path(place))
