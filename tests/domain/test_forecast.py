"""Forecasts, most of them held up to what the scheduler then really does."""

import math
from random import Random

import pytest

from joborch.domain.estimates import Estimate
from joborch.domain.forecast import Line, start_of_last
from tests.support.simulated_line import Runs, a_line

MINUTE = [60.0] * 5
SITES = 200
"""How many are rolled for each kind of run."""


def expected_s(mine: Line, *others: Line, slots: int = 9) -> float:
    found = start_of_last(mine, others, slots=slots, history_s=MINUTE)
    assert found is not None
    return found.expected_s


def test_a_job_with_a_free_slot_starts_at_once() -> None:
    found = start_of_last(Line(limit=5, waiting=[(50, 1)]), [], slots=1, history_s=MINUTE)
    assert found == Estimate(expected_s=0, low_s=0, high_s=0)


def test_it_waits_for_the_end_of_those_that_hold_its_users_slots() -> None:
    assert expected_s(Line(limit=2, waiting=[(50, 1)], active_s=[10, 40])) == 20


def test_and_for_those_before_it_in_the_line() -> None:
    assert expected_s(Line(limit=2, waiting=[(80, 1), (50, 2)], active_s=[10, 40])) == 20 + 60


def test_who_has_fewer_active_jobs_goes_first() -> None:
    mine = Line(limit=5, waiting=[(50, 1)], active_s=[0])
    assert expected_s(mine, Line(limit=5, waiting=[(50, 1)], active_s=[30, 45]), slots=3) == 15
    assert expected_s(mine, Line(limit=5, waiting=[(50, 2)], active_s=[0]), slots=2) == 60
    assert expected_s(mine, Line(limit=5, waiting=[(50, 2)]), slots=2) == 60


def test_of_equals_the_one_served_longest_ago_goes_first() -> None:
    mine = Line(limit=5, waiting=[(50, 1)], served=2)
    other = Line(limit=5, waiting=[(50, 1)], served=1)
    assert expected_s(mine, other, slots=1) == 60


def test_priority_goes_before_fairness() -> None:
    mine = Line(limit=5, waiting=[(80, 1)], active_s=[0])
    assert expected_s(mine, Line(limit=5, waiting=[(50, 9)]), slots=2) == 0


def test_a_job_that_has_just_outlasted_all_that_is_known_is_about_to_end() -> None:
    assert expected_s(Line(limit=1, waiting=[(50, 1)], active_s=[60])) == 0


def test_one_that_has_long_outlasted_them_may_go_on_as_long() -> None:
    mine = Line(limit=1, waiting=[(50, 1)], active_s=[3660])
    found = start_of_last(mine, [], slots=9, history_s=MINUTE)
    assert found is not None
    assert found.low_s < 1000 < found.expected_s
    assert found.high_s > 7200


def test_the_end_of_a_long_line_is_reached_at_the_pace_of_its_beginning() -> None:
    mine = Line(limit=5, waiting=[(50, 100_000)])
    assert expected_s(mine) == pytest.approx(100_000 / 5 * 60, rel=0.05)
    behind = Line(limit=5, waiting=[(50, 1)])
    others = [Line(limit=5, waiting=[(80, 50_000)]), Line(limit=5, waiting=[(80, 50_000)])]
    assert expected_s(behind, *others) == pytest.approx(100_000 / 9 * 60, rel=0.05)


def test_with_a_limit_of_zero_it_never_starts() -> None:
    assert start_of_last(Line(limit=0, waiting=[(50, 1)]), [], slots=1, history_s=MINUTE) is None
    assert start_of_last(Line(limit=1, waiting=[(50, 1)]), [], slots=0, history_s=MINUTE) is None


def test_the_same_question_has_the_same_answer() -> None:
    mine = Line(limit=1, waiting=[(50, 7)])
    history_s = [1.0, 2.0, 30.0, 4.0, 5.0]
    first = start_of_last(mine, [], slots=1, history_s=history_s)
    assert first == start_of_last(mine, [], slots=1, history_s=history_s)


KINDS: dict[str, Runs] = {
    "exponential": lambda random: random.expovariate(1 / 600),
    "constant": lambda random: 600.0,
    "uniform": lambda random: random.uniform(60, 1200),
    "lognormal": lambda random: random.lognormvariate(math.log(600), 1),
    "of two kinds": lambda random: random.choice([30.0, 3000.0]),
}


@pytest.mark.parametrize(
    ("kind", "known"), [*((kind, 20) for kind in KINDS), ("exponential", 5), ("constant", 5)]
)
def test_the_interval_holds_the_truth_in_eight_cases_of_ten(kind: str, known: int) -> None:
    random, runs = Random(1), KINDS[kind]  # noqa: S311 - dice
    held, guessed_s, true_s = 0, 0.0, 0.0
    for _ in range(SITES):
        line = a_line(random, runs)
        job = random.choice(line.waiting)
        estimate = line.estimate(job, [runs(random) for _ in range(known)])
        truth_s = line.truth_s(job)
        held += estimate.low_s <= truth_s <= estimate.high_s
        guessed_s, true_s = guessed_s + estimate.expected_s, true_s + truth_s
    assert held / SITES >= 0.8
    assert guessed_s == pytest.approx(true_s, rel=0.2)
