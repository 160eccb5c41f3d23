from random import Random

import pytest

from joborch.domain.estimates import Estimate, summed_up, until_empty


def test_an_empty_queue_is_empty_now() -> None:
    assert until_empty(unfinished=0, ended=0, over_s=1) == Estimate(expected_s=0, low_s=0, high_s=0)


def test_little_is_known_of_a_pace_from_four_ends() -> None:
    assert until_empty(unfinished=9, ended=4, over_s=60) == "fewer than 5 jobs have ended"


def test_a_queue_drains_at_the_pace_that_was_seen() -> None:
    found = until_empty(unfinished=100, ended=50, over_s=600)
    assert isinstance(found, Estimate)
    assert found.expected_s == 1200
    assert found.low_s < 1000
    assert found.high_s > 1400


def test_the_more_ended_the_surer_it_is() -> None:
    few = until_empty(unfinished=1000, ended=5, over_s=60)
    many = until_empty(unfinished=1000, ended=500, over_s=6000)
    assert isinstance(few, Estimate)
    assert isinstance(many, Estimate)
    assert few.expected_s == many.expected_s
    assert few.high_s > many.high_s


@pytest.mark.parametrize(("unfinished", "ended"), [(10, 10), (200, 30), (30, 200)])
def test_the_interval_of_a_drain_holds_the_truth_in_eight_cases_of_ten(
    unfinished: int, ended: int
) -> None:
    random, held = Random(1), 0  # noqa: S311 - dice
    for _ in range(500):
        seen_s = sum(random.expovariate(1) for _ in range(ended))
        found = until_empty(unfinished=unfinished, ended=ended, over_s=seen_s)
        assert isinstance(found, Estimate)
        truth_s = sum(random.expovariate(1) for _ in range(unfinished))
        held += found.low_s <= truth_s <= found.high_s
    assert held / 500 >= 0.8


def test_what_was_played_is_summed_up_without_its_extremes() -> None:
    found = summed_up([float(number) for number in range(101)])
    assert (found.low_s, found.expected_s) == (5 * 0.95, 50)
    assert found.high_s == 95 * 1.05 + 1
