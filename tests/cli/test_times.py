from datetime import UTC, datetime, timedelta

import pytest

from joborch.cli.times import age, clock, parse_moment, size

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KiB"),
        (624_640, "610 KiB"),
        (1_258_291, "1.2 MiB"),
        (5 * 2**50, "5120 TiB"),
    ],
)
def test_a_size_has_three_digits(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (41.9, "0:41"), (3727, "1:02:07")])
def test_a_running_time_is_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_an_age_is_never_negative() -> None:
    assert age(NOON, NOON - timedelta(seconds=5)) == "0s"
    assert age(NOON, NOON + timedelta(minutes=14)) == "14m"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", NOON - timedelta(hours=2)),
        ("now", NOON),
        ("now+1h", NOON + timedelta(hours=1)),
        ("2026-11-20T08:00:00Z", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20T08:00:00+02:00", datetime(2026, 11, 20, 6, tzinfo=UTC)),
    ],
)
def test_people_write_moments_in_many_ways(text: str, moment: datetime) -> None:
    assert parse_moment(text, now=NOON, ago=True) == moment


def test_a_duration_may_lead_forwards_too() -> None:
    assert parse_moment("2h", now=NOON, ago=False) == NOON + timedelta(hours=2)


def test_a_time_of_day_is_todays_and_local() -> None:
    moment = parse_moment("14:30", now=NOON, ago=True)

    assert (moment.hour, moment.minute) == (14, 30)
    assert moment.date() == NOON.astimezone().date()


@pytest.mark.parametrize("text", ["", "someday", "now-1h", "25:00", "now+x"])
def test_anything_else_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_moment(text, now=NOON, ago=True)
