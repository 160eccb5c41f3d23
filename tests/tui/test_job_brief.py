"""The facts about the selected job beside the list: what matters, in few lines."""

from dataclasses import replace as but
from datetime import timedelta

from msgspec.structs import replace

from joborch.client.repeating import Repeat
from joborch.domain.states import JobState
from joborch.tui.job_brief import brief
from joborch.tui.job_facts import Facts
from joborch.wire.jobs import FileList, FileView
from tests.support.views import NOON, a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, a_look, play

COLUMN = (200, 60)
RUNNING = a_job_view(
    7,
    JobState.RUNNING,
    user_id="ann",
    agent="compute-1",
    time_limit_s=600,
    submitted_at=NOON - timedelta(minutes=14),
    assigned_at=NOON - timedelta(seconds=44),
    started_at=NOON - timedelta(seconds=42),
)
FILES = FileList(
    items=[
        FileView(name="run.sh", size_bytes=112, kind="input"),
        FileView(name="in\x1b[31m.pdb", size_bytes=1024, kind="input"),
        FileView(name="out.txt", size_bytes=2048, kind="result"),
        FileView(name=".joborch/attempts", size_bytes=1, kind="result"),
    ]
)
FACTS = Facts(
    job=RUNNING,
    history=[],
    explanation=None,
    files=FILES,
    repeat=Repeat(job=RUNNING, files=FILES),
)


def written(facts: Facts, width: int = 66) -> list[str]:
    lines = brief(facts, a_look(), width)
    return ["".join(p if isinstance(p, str) else p[0] for p in line).rstrip() for line in lines]


def test_short_facts_share_a_line_and_long_ones_have_one() -> None:
    assert written(FACTS)[:5] == [
        "state     ▶R running              user      ann",
        "service   example                 priority  50",
        "agent     compute-1               attempt   1 of 3",
        "waited    13m until it was given to compute-1, 2s more until it ran",
        "ran       0:42 at most 10m █░░░░░░░░░ 7%",
    ]


def test_where_there_is_no_room_for_two_each_has_a_line() -> None:
    assert written(FACTS, 24)[:2] == ["state     ▶R running", "user      ann"]


def test_files_are_named_in_a_line_and_what_joborch_adds_is_not() -> None:
    assert "inputs    run.sh 112 B · in.pdb 1.0 KiB" in written(FACTS)
    assert "files     out.txt 2.0 KiB" in written(FACTS)


def test_a_job_that_has_not_started_says_nothing_of_a_start() -> None:
    waiting = replace(RUNNING, state="assigned", started_at=None)
    assert "waited    13m until it was given to compute-1" in written(but(FACTS, job=waiting))


def test_how_long_it_runs_is_counted_on_while_it_is_selected() -> None:
    time = [NOON]

    async def story(stage: Stage) -> None:
        await stage.sees("ran       0:41")
        time[0] += timedelta(seconds=5)
        await stage.pilot.resize_terminal(201, 60)  # any reason to draw anew
        await stage.sees("ran       0:46")

    play(story, a_busy_source(), size=COLUMN, now=lambda: time[0])


def test_beside_jobs_of_the_past_they_are_called_those_of_now() -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("Job 1207", "ran       0:41")
        await stage.press("P", "left_curly_bracket")
        await stage.sees("as of 11:58:00", "Job 1207 dock-2oob[7], as it is now")

    play(story, a_busy_source(), size=COLUMN)
