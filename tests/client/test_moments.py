"""Moments in few words."""

from datetime import datetime, timedelta

import pytest

from joborch.client.moments import brief

NOW = datetime(2026, 11, 29, 2, 0).astimezone()


@pytest.mark.parametrize(
    ("later", "written"),
    [
        (timedelta(minutes=58, seconds=26), "02:58:26"),
        (timedelta(days=1, minutes=58), "11-30 02:58"),
        (timedelta(hours=-3), "11-28 23:00"),
        (timedelta(days=40), "2027-01-08 02:00"),
    ],
)
def test_of_another_day_the_day_is_written_too(later: timedelta, written: str) -> None:
    assert brief(NOW + later, NOW) == written
