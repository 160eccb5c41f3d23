"""The list as a table for other programs."""

import csv
from datetime import timedelta
from pathlib import Path

from joborch.domain.states import JobState
from joborch.tui.picture import Picture
from joborch.tui.spreadsheet import csv_of
from tests.support.views import NOON, a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, a_look, play
from tests.tui.test_commanding import types

RUNNING = a_job_view(
    7,
    JobState.RUNNING,
    name='a "quoted", name',
    agent="c1",
    submitted_at=NOON - timedelta(minutes=2),
    started_at=NOON - timedelta(seconds=41.5),
)


def test_times_and_numbers_are_whole() -> None:
    [job] = csv.DictReader(
        csv_of(["id", "age", "run"], [RUNNING], Picture(), a_look()).splitlines()
    )
    assert job == {"id": "7", "submitted_at": "2026-11-23T11:58:00.000000Z", "running_s": "41.500"}


def test_what_has_commas_and_quotes_comes_back_as_it_was_and_controls_do_not() -> None:
    red = a_job_view(8, name="\x1b[31mred\nline")
    lines = csv_of(["name"], [RUNNING, red], Picture(), a_look()).splitlines()
    assert [job["name"] for job in csv.DictReader(lines)] == ['a "quoted", name', "red line"]


def test_the_jobs_that_are_listed_are_written_in_their_order(tmp_path: Path) -> None:
    table = tmp_path / "jobs.csv"

    async def story(stage: Stage) -> None:
        await types(stage, "filter user:bob")
        await stage.sees("4 of 18")
        await types(stage, f"write {table}")
        await stage.is_told("wrote")

    play(story, a_busy_source(), size=(120, 40))

    jobs = [*csv.DictReader(table.read_text().splitlines())]
    assert [job["id"] for job in jobs] == ["1212", "1462", "1180", "1175"]
    assert {job["user_id"] for job in jobs} == {"bob"}


def test_a_file_that_is_there_is_not_touched(tmp_path: Path) -> None:
    table = tmp_path / "jobs.csv"
    table.write_text("mine")

    async def story(stage: Stage) -> None:
        await types(stage, f"write {table}")
        await stage.sees("is there already")
        await stage.press("escape")

    play(story, a_busy_source(), size=(120, 40))
    assert table.read_text() == "mine"
