from datetime import UTC, datetime

import pytest

from joborch.cli.explain import ordinal
from joborch.cli.forecasts import in_short, told
from joborch.wire.statistics import Estimate

EVENING = datetime(2026, 11, 23, 17, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    ("low_s", "expected_s", "high_s", "words"),
    [
        (0, 0, 0, "now"),
        (0, 41, 59.4, "in about 41s (0 to 59 s)"),
        (240, 600, 1260, "about 17:52 UTC, in 10m (17:46 to 18:03)"),
        (0, 21600, 43200, "about 23:42 UTC, in 6h (17:42 to Tue 24 Nov 05:42)"),
    ],
)
def test_an_estimate_is_told_with_its_interval(
    low_s: float, expected_s: float, high_s: float, words: str
) -> None:
    estimate = Estimate(low_s=low_s, expected_s=expected_s, high_s=high_s)
    assert told(estimate, EVENING, in_utc=True) == words


def test_in_short_it_is_a_time_with_its_give() -> None:
    assert in_short(Estimate(low_s=2160, expected_s=2520, high_s=2880)) == "42m ±6m"
    assert in_short(Estimate(low_s=60, expected_s=60, high_s=60)) == "1m"


@pytest.mark.parametrize(
    ("number", "word"), [(3, "third"), (11, "11th"), (22, "22nd"), (41, "41st"), (112, "112th")]
)
def test_places_are_told_in_order(number: int, word: str) -> None:
    assert ordinal(number) == word
