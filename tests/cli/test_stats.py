import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from joborch.cli.stats import sparkline
from joborch.wire.statistics import Bucket, Estimate, Spread, Statistics
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, says

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOTHING = Spread(count=0, p50_s=None, p95_s=None, p99_s=None)


def a_bucket(number: int, completed: int = 0, failed: int = 0) -> Bucket:
    at = NOON + timedelta(minutes=number)
    return Bucket(at=at, submitted=1, completed=completed, failed=failed, cancelled=0)


def some_statistics(**changes: Any) -> Statistics:
    facts: dict[str, Any] = {
        "at": NOON,
        "window_s": 3600,
        "bucket_s": 60,
        "service": None,
        "buckets": [a_bucket(0, 8), a_bucket(1), a_bucket(2, 3, 1)],
        "submitted": 3,
        "completed": 11,
        "failed": 1,
        "cancelled": 0,
        "per_minute": 5.8123,
        "queued": 245,
        "held": 1,
        "active": 5,
        "wait": Spread(count=12, p50_s=660, p95_s=2280, p99_s=2400),
        "run": NOTHING,
        "drain": Estimate(expected_s=2520, low_s=2160, high_s=2880),
        "drain_reason": None,
    }
    return Statistics(**facts | changes)


@pytest.fixture
def busy(stub: StubServer) -> StubServer:
    stub.on("GET /api/v1/statistics", says(some_statistics()))
    return stub


def test_a_person_sees_pace_times_and_the_end(busy: StubServer, at_terminal: Run) -> None:
    done = at_terminal("stats", "--window", "1h", "-s", "example")

    assert done.out.splitlines() == [
        "in 1h: 3 submitted · 12 ended, 5.81/min",
        "ended     │█ ▄│ 1m each",
        "outcome   11 completed · 1 failed (8.3%) · 0 cancelled",
        "wait      p50 11m · p95 38m · p99 40m (12 jobs)",
        "run       nothing ended",
        "now       245 queued · 5 active · 1 held",
        "drain     empty in 42m ±6m at this pace, if nothing else comes",
    ]
    assert busy.heard[-1].query == {"window": "3600.0", "buckets": "60", "service": "example"}


def test_those_that_wait_for_others_are_told_among_the_queued(
    stub: StubServer, at_terminal: Run
) -> None:
    stub.on("GET /api/v1/statistics", says(some_statistics(queued=9, after=4, held=3)))
    assert "9 queued (4 after others) · 5 active · 3 held" in at_terminal("stats").out


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"queued": 0, "active": 0}, "the queue is empty"),
        ({"drain": None, "drain_reason": "fewer than 5 jobs have ended"}, "no estimate: fewer"),
    ],
)
def test_where_there_is_no_drain_it_says_why(
    stub: StubServer, joborch: Run, changes: dict[str, Any], words: str
) -> None:
    stub.on("GET /api/v1/statistics", says(some_statistics(**changes)))

    assert f"drain     {words}" in joborch("stats", "--format", "plain").out


def test_a_pipe_gets_the_buckets_and_json_all_of_it(busy: StubServer, joborch: Run) -> None:
    rows = joborch("stats").out.splitlines()
    document = json.loads(joborch("stats", "--json").out)

    assert rows[0] == "at\tsubmitted\tcompleted\tfailed\tcancelled"
    assert rows[3] == "2026-11-23T12:02:00Z\t1\t3\t1\t0"
    assert (document["schema"], document["drain"]["low_s"]) == ("joborch.statistics/1", 2160)


def test_a_window_that_is_no_duration_is_refused(joborch: Run) -> None:
    done = joborch("stats", "--window", "soon")

    assert done.code == 2
    assert "--window 'soon' is not a duration" in done.err


def test_the_line_shows_little_as_little_and_nothing_as_nothing() -> None:
    assert sparkline([a_bucket(0, 1), a_bucket(1), a_bucket(2, 100), a_bucket(3, 50)]) == "▁ █▄"
    assert sparkline([a_bucket(0)]) == " "
