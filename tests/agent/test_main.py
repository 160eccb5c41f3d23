"""The agent as a process: what it says, what signals do to it, what it costs."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from joborch.agent.main import banner
from tests.support.agents import settings_for
from tests.support.waiting import wait_until

NOBODY = "http://127.0.0.1:9"
PROGRAM = "import sys; from joborch.agent.main import main; sys.exit(main({}))"
MOST_RSS_KB = 45_000

Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start agents on one directory, whose server is away; kill what is left in the end."""
    started: list[subprocess.Popen[str]] = []
    settings = {"JOBORCH_SERVER": NOBODY, "JOBORCH_SERVICE": "example:2", "JOBORCH_NAME": "tester"}
    env = {"PATH": os.defpath, **settings, "JOBORCH_WORK_DIR": str(tmp_path / "agent")}

    def run() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env=env,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def test_the_banner_names_everything_that_matters(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, service="example:4,other:2", slots=5, label="gpu=a100")
    assert banner(settings) == (
        "agent tester → http://127.0.0.1:5000 · example:4, other:2 · 5 slots · gpu=a100"
        f" · {tmp_path}"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_seconds_even_without_a_server(start: Start, number: int) -> None:
    process = start()
    assert first_line(process).startswith(f"agent tester → {NOBODY} · example:2 · 2 slots")
    process.send_signal(number)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "draining: 0 jobs left" in said


def test_a_second_process_is_refused_and_names_the_first(start: Start) -> None:
    first = start()
    first_line(first)
    second = start()
    _, said = second.communicate(timeout=10)
    assert second.returncode != 0
    assert f"in use by an agent, process {first.pid}" in said


def test_an_idle_agent_is_small(start: Start) -> None:
    process = start()
    first_line(process)
    status = Path(f"/proc/{process.pid}/status")
    lines = wait_until(lambda: [x for x in status.read_text().splitlines() if "VmRSS" in x])
    assert int(lines[0].split()[1]) < MOST_RSS_KB
