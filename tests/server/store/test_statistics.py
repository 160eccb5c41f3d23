"""Counting stays cheap: by indices, and without drawing other statements to them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from joborch.server.store import jobs, lines, schema, statistics
from joborch.server.store.database import connect
from joborch.server.store.statistics import Stretch, stretch_until
from tests.server.store.test_schema import migrate
from tests.support.builders import NOON, a_job

STRETCH = Stretch(since=NOON, bucket=timedelta(minutes=1))
OF_ONE = Stretch(since=NOON, bucket=timedelta(minutes=1), service="example")


class Watched:
    """A database that tells how SQLite went about what was asked of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        schema.prepare(path)
        self.engine = connect(path, readers=1)
        self._asked: list[tuple[str, Any]] = []
        event.listen(self.engine, "before_cursor_execute", self._note)

    def steps(self, work: Any) -> list[str]:
        """Return the plans of the statements that ``work`` executes."""
        self._asked.clear()
        with self.engine.connect() as connection:
            work(connection)
        with closing(sqlite3.connect(self._path)) as raw:
            return [
                row[3]
                for text, values in self._asked
                for row in raw.execute(f"EXPLAIN QUERY PLAN {text}", values)
            ]

    def _note(self, _c: Any, _cursor: Any, text: str, values: Any, *_: Any) -> None:
        if text.startswith(("SELECT", "WITH")):
            self._asked.append((text, values))


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path / "x.db")
    yield watched
    watched.engine.dispose()


COUNTS = [statistics.ended, statistics.first_start, statistics.waits, statistics.runs]


@pytest.mark.parametrize("stretch", [STRETCH, OF_ONE], ids=["all", "one"])
@pytest.mark.parametrize("count", COUNTS)
def test_what_ended_is_counted_from_the_index_alone(
    watched: Watched, count: Any, stretch: Stretch
) -> None:
    steps = watched.steps(lambda c: count(c, stretch))
    read = [step for step in steps if " jobs" in step]
    assert read
    assert all(step.startswith("SEARCH jobs USING COVERING INDEX jobs_ended") for step in read), (
        steps
    )


@pytest.mark.parametrize("stretch", [STRETCH, OF_ONE], ids=["all", "one"])
def test_submissions_are_counted_from_the_index_alone(watched: Watched, stretch: Stretch) -> None:
    steps = watched.steps(lambda c: statistics.submitted(c, stretch))
    assert steps[0].startswith("SEARCH jobs USING COVERING INDEX jobs_submitted"), steps


def test_the_newest_runs_of_a_service_are_read_without_sorting(watched: Watched) -> None:
    steps = watched.steps(lambda c: lines.history_s(c, "example"))
    assert steps[0].startswith("SEARCH jobs USING INDEX jobs_ended"), steps
    assert not [step for step in steps if "TEMP B-TREE" in step], steps


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: jobs.place_in_line(c, a_job(), NOON),
        lambda c: lines.waiting(c, "example", NOON),
        lambda c: lines.up_to(c, a_job(), NOON),
        lambda c: statistics.standing(c, "example"),
    ],
    ids=["place", "waiting", "up_to", "standing"],
)
def test_what_waits_is_found_in_its_own_small_index(watched: Watched, ask: Any) -> None:
    steps = watched.steps(ask)
    read = [step for step in steps if " jobs" in step]
    assert read
    assert all("jobs_line" in step or "jobs_gated" in step for step in read), steps


def test_what_is_active_is_found_in_its_own_small_index(watched: Watched) -> None:
    steps = watched.steps(lines.holders)
    assert any("jobs_held_by" in step for step in steps), steps


def test_buckets_begin_at_multiples_of_their_length() -> None:
    bucket, now = timedelta(minutes=10), NOON + timedelta(minutes=21, seconds=5)
    stretch = stretch_until(now, bucket=bucket, buckets=6, service=None)
    assert stretch.since == NOON - timedelta(minutes=30)


def test_a_database_of_before_gets_the_indices(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    migrate(path, "0001")
    schema.prepare(path)
    with closing(sqlite3.connect(path)) as raw:
        names = {row[0] for row in raw.execute("SELECT name FROM sqlite_master")}
    assert {"jobs_ended", "jobs_submitted"} <= names
    assert (tmp_path / "x.before-0001.db").exists()
