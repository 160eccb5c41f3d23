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
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import a_look
from joborch.tui.app import Dashboard

class Broken(ScriptedSource):
    async def agents(self):
        raise RuntimeError("a bug, for the test")

app = Dashboard(Broken(), a_look())
app.run()
raise SystemExit(app.return_code)
"""


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
def on_a_terminal(*arguments: str, home: Path, **variables: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
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


def test_the_terminal_is_restored_after_a_crash_and_the_crash_is_told(tmp_path: Path) -> None:
    with on_a_terminal("-c", CRASHING, home=tmp_path) as terminal:
        ends_well(terminal, 1)
        terminal.wait_for("a bug, for the test")


def test_without_a_terminal_it_says_what_to_use_instead(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, *TOP],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 2
    assert "joborch top needs a terminal" in done.stderr
    assert "joborch status" in done.stderr
