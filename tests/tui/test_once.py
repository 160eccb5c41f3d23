"""One frame of text, wherever it goes."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from joborch.tui.formatting import ASCII
from joborch.tui.once import frame, load
from tests.support.site import a_site
from tests.tui.a_site import a_busy_source
from tests.tui.stage import a_look

ESCAPE = "\x1b"


def framed(size: tuple[int, int] = (80, 24), **look: object) -> list[str]:
    async def asked() -> list[str]:
        source, seen = a_busy_source(), a_look(**look)
        return list(frame(await load(source, seen, size), seen, source.server, size))

    return asyncio.run(asked())


def test_it_is_what_the_list_of_jobs_shows() -> None:
    shown = framed()
    assert shown[0].startswith(" joborch top  orch:5000  ● live  as ann")
    assert "·Q 5  ‖H 1  »D 1  ▶R 5" in shown[1]
    assert shown[2] == " 18 of 18"
    assert re.sub(" +", " ", shown[3]) == " ID ST NAME SERVICE USER PRI AGE RUN AGENT / WHY"
    assert re.sub(" +", " ", shown[4]) == " 1207 ▶R dock-2oob[7] example ann 50 14m 0:41 compute-1"
    assert len(shown) == 22


def test_of_jobs_that_are_shown_the_server_is_asked_why_they_wait() -> None:
    async def asked() -> tuple[str, list[list[int]]]:
        source, seen, size = a_busy_source(), a_look(), (120, 40)
        source.reasons = {1213: "batch_limit"}
        lines = frame(await load(source, seen, size), seen, source.server, size)
        return next(line for line in lines if " 1213 " in line), source.asked_why

    line, questions = asyncio.run(asked())
    assert "batch full" in line
    assert len(questions) == 1


def test_what_has_no_room_is_counted() -> None:
    shown = framed((80, 10))
    assert len(shown) == 10
    assert shown[-1] == " and 13 more"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_asked_for(width: int) -> None:
    assert max(map(len, framed((width, 24)))) <= width


def test_a_filter_says_so() -> None:
    shown = framed(filter_text="user:bob state:active")
    assert shown[2] == " 2 of 18 · user:bob state:active"
    assert [line.split()[0] for line in shown[4:]] == ["1212", "1462"]


def test_seven_bits_are_enough() -> None:
    shown = framed(glyphs=ASCII, filter_text="dock")
    assert all(line.isascii() for line in shown)


def a_command(home: Path, **more: str) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LOGNAME": "ann", "TZ": "UTC"} | more

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "joborch", "top", *arguments],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            env=env,
        )

    return run


@pytest.mark.journey
def test_a_frame_of_a_real_server_goes_into_a_pipe(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "example")
        site.submit("echo hello\n", name="dock", array="1-3")
        site.submit("echo hello\n", name="other", user="bob")
        run = a_command(tmp_path, JOBORCH_SERVER=site.url, COLUMNS="90")
        whole = run("--once", "--ascii", "--no-mouse")
        mine = run("--user", "me")  # a pipe is asked no second time
        assert (whole.returncode, mine.returncode) == (0, 0)
        assert "dock[3]" in whole.stdout
        assert "other" in whole.stdout
        assert "other" not in mine.stdout
        assert ESCAPE not in whole.stdout
        assert whole.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--once",), 5, "cannot reach http://127.0.0.1:1"),
        ((), 5, "fix: start one with `joborch serve`"),
        (("--once", "--filter", "colour:red"), 2, "colour: is no condition"),
        (("--plain", "--filter", "colour:red"), 2, "colour: is no condition"),
        (("--once", "--plain"), 2, "choose one"),
        (("--once", "--web"), 2, "choose one"),
    ],
)
def test_what_cannot_be_shown_is_told_with_the_fix(
    tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = a_command(tmp_path, JOBORCH_SERVER="http://127.0.0.1:1")(*arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert done.stdout == ""
