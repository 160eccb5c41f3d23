"""What is on the screen, cell by cell: every screen at three sizes, as files of plain text.

After a change that is meant, look at the difference and write them anew:

    JOBORCH_FRAMES=write scripts/test tests/tui/test_frames.py && git diff tests/tui/frames
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from joborch.domain.states import JobState
from tests.support.views import a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.a_while import ten_busy_minutes
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import SIZES, Stage, play

FRAMES = Path(__file__).parent / "frames"
WIDEST = SIZES[-1]
IS_WRITING = os.environ.get("JOBORCH_FRAMES") == "write"
Story = Callable[[Stage, ScriptedSource], Awaitable[None]]


async def jobs(stage: Stage, source: ScriptedSource) -> None:
    await stage.sees("18 of 18")


async def filtered(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("slash", *"user:bob", "enter")
    await stage.sees("4 of 18")


async def marked(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("space", "space", "j")
    await stage.sees("2 marked")


async def grouped(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("t", "t", "j", "home", "enter", "space")
    await stage.sees("in each user", "marked")


async def job(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("enter")
    await stage.sees("history", "2oob_B.pdb")


async def waiting_job(stage: Stage, source: ScriptedSource) -> None:
    await stage.press(*"jjjjjj", "enter")
    await stage.sees("held by 1207-1211")


async def log(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("l")
    await stage.sees("rigidbody 20/20", "following")


async def users(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("2")
    await stage.sees("Users and quotas", "FULL")


async def agents(stage: Stage, source: ScriptedSource) -> None:
    stage.app.picture.trends = ten_busy_minutes()
    await stage.press("3")
    await stage.sees("compute-3", "late")


async def services(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("4")
    await stage.sees("prodigy", "none")


async def throughput(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("5")
    await stage.sees("in about 42m")


async def events(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("6")
    await stage.sees("46 shown", "following")


async def paused(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("P")
    source.happen(a_job_view(1463), a_job_view(1463, JobState.RUNNING))
    await stage.sees("2 changes")


async def past(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("P", *["left_curly_bracket"] * 3)
    await stage.sees("as of 11:55:00")


async def help_(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("question_mark")
    await stage.sees("Everywhere")


async def sorting(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("s")
    await stage.sees("Sort by")


async def confirm(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("j", "x")
    await stage.sees("Cancel 1 job?")


async def why(stage: Stage, source: ScriptedSource) -> None:
    await stage.press(*"jjjjjj", "e")
    await stage.sees("Why 1213", "held by 1207-1211")


async def priority(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("space", "space", "p")
    await stage.sees("Priority of 2 jobs")


async def columns(stage: Stage, source: ScriptedSource) -> None:
    await stage.press("c")
    await stage.sees("space shows or hides one")


async def login(stage: Stage, source: ScriptedSource) -> None:
    source.demanded = "s3cret"
    source.go_away()
    source.come_back()
    await stage.sees("Login", "401 Unauthorized")


async def offline(stage: Stage, source: ScriptedSource) -> None:
    source.go_away()
    await stage.sees("OFFLINE", "data as of 12:00:00")


STORIES: dict[str, Story] = {
    "jobs": jobs,
    "filtered": filtered,
    "marked": marked,
    "grouped": grouped,
    "job": job,
    "waiting-job": waiting_job,
    "log": log,
    "users": users,
    "agents": agents,
    "services": services,
    "throughput": throughput,
    "events": events,
    "paused": paused,
    "past": past,
    "help": help_,
    "sorting": sorting,
    "confirm": confirm,
    "why": why,
    "priority": priority,
    "columns": columns,
    "login": login,
    "offline": offline,
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", STORIES)
def test_the_screen_looks_as_it_did(name: str, size: tuple[int, int]) -> None:
    source = a_busy_source()
    path = FRAMES / f"{name}-{size[0]}x{size[1]}.txt"

    async def story(stage: Stage) -> None:
        if size == WIDEST:
            await stage.sees("1212 given to")  # this panel asks for itself
        await STORIES[name](stage, source)
        await stage.settles()
        if IS_WRITING:
            path.write_text(stage.frame + "\n")
        assert stage.frame.splitlines() == path.read_text().splitlines()

    play(story, source, size=size)


def test_every_frame_belongs_to_a_screen() -> None:
    names = {f"{name}-{w}x{h}.txt" for name in STORIES for w, h in SIZES}
    assert {path.name for path in FRAMES.glob("*.txt")} == names
