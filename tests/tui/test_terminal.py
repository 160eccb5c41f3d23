"""The terminal is left as it was, however the dashboard ends."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
ENTERED, LEFT, MOUSE_OFF = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?1000l"
NOWHERE = "http://127.0.0.1:1"
TOP = ("-m", "joborch", "top", "--server", NOWHERE)
CRASHING = """
import asyncio
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import a_look
from joborch.tui.app import Dashboard, show

class Broken(ScriptedSource):
    async def agents(self):
        raise RuntimeError("a bug, for the test")

raise SystemExit(asyncio.run(show(Dashboard(Broken(), a_look()))))
"""
GOING_ON = """
import asyncio, signal
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import a_look
from joborch.tui.app import Dashboard, show

before = signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)
asyncio.run(show(Dashboard(ScriptedSource(), a_look())))
signal.raise_signal(signal.SIGCONT)
assert before == (signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT))
print("went on")
"""
TYPED_AHEAD = """
import asyncio
from tests.support.views import NOON, a_job_view
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import a_look
from joborch.tui.app import Dashboard, show

source = ScriptedSource(*(a_job_view(i, user_id="ann", held_at=NOON) for i in (1, 2, 3)))
asyncio.run(show(Dashboard(source, a_look(guard_s=60.0))))
print("acted", source.acted)
"""

SHELL = """#!/bin/bash
trap 'echo interrupted' INT
echo "for $JOBORCH_SERVER"
read -r answer || read -r answer
echo "heard $answer"
"""
"""A shell that leaves the terminal to its parent's group, so that Ctrl-C reaches both."""
IN_A_SHELL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
script = '"$@"; echo "stopped with $?"; read answer; fg >/dev/null; echo "ended with $?"'
os.execvp("bash", ["bash", "-c", f"set -m; {script}", "bash", *sys.argv[1:]])
"""
"""Only a shell with a terminal of its own can take a process back that was stopped."""


@dataclass(slots=True)
class Terminal:
    """A process on a pseudo-terminal, and everything it wrote there."""

    process: "subprocess.Popen[bytes]"
    master: int
    pieces: list[bytes] = field(default_factory=list)

    @property
    def seen(self) -> str:
        return b"".join(self.pieces).decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def wait_for(self, words: str) -> None:
        wait_until(lambda: words in self.seen, timeout=30, describe=lambda: self.seen[-2000:])

    def read(self) -> None:
        while True:
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # the other side has closed
                return
            if not piece:
                return
            self.pieces.append(piece)


@contextmanager
def on_a_terminal(
    *arguments: str, home: Path, size: tuple[int, int] = (24, 80), **variables: str
) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "LOGNAME": "ann"}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=env | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | variables,
    )
    os.close(slave)
    terminal = Terminal(process, master)
    reader = threading.Thread(target=terminal.read, daemon=True)
    reader.start()
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        reader.join(10)
        os.close(master)


@pytest.fixture
def top(tmp_path: Path) -> Iterator[Terminal]:
    """The dashboard, which has drawn its first frame."""
    with on_a_terminal(*TOP, home=tmp_path) as terminal:
        terminal.wait_for("OFFLINE")
        yield terminal


def ends_well(terminal: Terminal, code: int) -> None:
    assert terminal.process.wait(30) == code
    terminal.wait_for(LEFT)
    assert ENTERED in terminal.seen
    assert MOUSE_OFF in terminal.seen.rpartition(ENTERED)[2]


ENDS: list[tuple[str, Callable[[Terminal], None], int]] = [
    ("q", lambda terminal: terminal.type("q"), 0),
    ("ctrl-c", lambda terminal: terminal.type("\x03"), 0),
    ("SIGTERM", lambda terminal: terminal.process.send_signal(signal.SIGTERM), 143),
    ("SIGHUP", lambda terminal: terminal.process.send_signal(signal.SIGHUP), 129),
]


@pytest.mark.parametrize(("end", "code"), [end[1:] for end in ENDS], ids=[end[0] for end in ENDS])
def test_the_terminal_is_restored_at_the_end(
    top: Terminal, end: Callable[[Terminal], None], code: int
) -> None:
    end(top)
    ends_well(top, code)


def test_the_terminal_is_restored_after_a_crash_whose_traceback_goes_into_a_file(
    tmp_path: Path,
) -> None:
    with on_a_terminal("-c", CRASHING, home=tmp_path) as terminal:
        ends_well(terminal, 1)
        terminal.wait_for("joborch top has a bug: RuntimeError: a bug, for the test")
    kept = tmp_path / ".local/state/joborch/top-crash.log"
    assert f"the traceback is in {kept}" in terminal.seen
    assert "Traceback" not in terminal.seen
    assert "RuntimeError: a bug, for the test" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_crash_that_cannot_be_kept_is_told_whole(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("in the way")
    with on_a_terminal("-c", CRASHING, home=tmp_path) as terminal:
        ends_well(terminal, 1)
        terminal.wait_for("could not be written")
        terminal.wait_for("Traceback")


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(tmp_path: Path) -> None:
    with on_a_terminal("-c", IN_A_SHELL, sys.executable, *TOP, home=tmp_path) as terminal:
        terminal.wait_for("OFFLINE")
        terminal.type("\x1a")
        terminal.wait_for("stopped with 147")
        before = terminal.seen.partition("stopped with")[0]
        assert before.rpartition(ENTERED)[2].count(LEFT) == 1
        terminal.type("\n")
        wait_until(lambda: "OFFLINE" in terminal.seen.partition("stopped with")[2], timeout=30)
        terminal.type("q")
        terminal.wait_for("ended with 0")
        assert terminal.seen.rpartition(LEFT)[2].count(ENTERED) == 0


@contextmanager
def in_a_shell(typed: str, home: Path) -> Iterator[Terminal]:
    """A dashboard that has lent its terminal to a shell, after this was typed."""
    with on_a_terminal(*TOP, home=home, SHELL="/bin/sh") as terminal:
        terminal.wait_for("OFFLINE")
        terminal.type(typed)
        terminal.wait_for("joborch top waits")
        yield terminal


def test_a_shell_has_the_terminal_to_itself_and_knows_the_server(tmp_path: Path) -> None:
    shell = tmp_path / "shell"
    shell.write_text(SHELL)
    shell.chmod(0o755)
    with on_a_terminal(*TOP, home=tmp_path, SHELL=str(shell)) as terminal:
        terminal.wait_for("OFFLINE")
        terminal.type("!")
        terminal.wait_for(f"for {NOWHERE}")
        assert terminal.seen.rpartition(ENTERED)[2].count(LEFT) == 1
        os.killpg(terminal.process.pid, signal.SIGINT)  # as Ctrl-C would
        terminal.wait_for("interrupted")
        terminal.type("go on\n")
        terminal.wait_for("heard go on")
        wait_until(lambda: "OFFLINE" in terminal.seen.partition("heard go on")[2], timeout=30)
        terminal.type("q")
        ends_well(terminal, 0)


def test_what_was_typed_before_the_shell_was_there_is_not_done_to_jobs_afterwards(
    tmp_path: Path,
) -> None:
    # In one piece: it is read by the dashboard, before that knows of the shell.
    with in_a_shell("!:q\r", tmp_path) as terminal:
        terminal.type("exit\n")
        wait_until(
            lambda: "OFFLINE" in terminal.seen.rpartition("joborch top waits")[2], timeout=30
        )
        terminal.type("?")
        terminal.wait_for("Everywhere")
        terminal.type("qq")
        ends_well(terminal, 0)


def test_where_the_shell_is_not_there_it_is_told_and_all_goes_on(tmp_path: Path) -> None:
    with on_a_terminal(*TOP, home=tmp_path, SHELL="/nowhere/sh") as terminal:
        terminal.wait_for("OFFLINE")
        terminal.type("!")
        terminal.wait_for("no shell: /nowhere/sh: No such file")
        terminal.type("q")
        ends_well(terminal, 0)


def test_the_end_of_the_terminal_is_the_end_of_the_dashboard_behind_a_shell(tmp_path: Path) -> None:
    with in_a_shell("!", tmp_path) as terminal:
        terminal.process.send_signal(signal.SIGHUP)
        terminal.type("exit\n")
        ends_well(terminal, 129)


def test_once_it_has_ended_it_does_not_take_the_terminal_again(tmp_path: Path) -> None:
    with on_a_terminal("-c", GOING_ON, home=tmp_path) as terminal:
        terminal.wait_for("live")
        terminal.type("q")
        terminal.wait_for("went on")
        assert terminal.process.wait(30) == 0
        assert terminal.seen.rpartition(LEFT)[2].count(ENTERED) == 0


def test_bytes_that_come_all_at_once_go_where_they_were_meant_to(tmp_path: Path) -> None:
    with on_a_terminal("-c", TYPED_AHEAD, home=tmp_path) as terminal:
        terminal.wait_for("live")
        terminal.type("j/dockUser\x7f\x7f\x7f\x7f\r:sort -id\rjxyU")
        terminal.wait_for("Cancel 1 job?")
        terminal.process.send_signal(signal.SIGTERM)
        terminal.wait_for("acted []")
