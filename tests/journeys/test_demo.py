"""``joborch demo``: seen on a terminal and without one, and nothing of it afterwards."""

import csv
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.site import JOBORCH
from tests.support.typist import Typist, at
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]
RUNS = "▶R"
"""How the dashboard shows a job that runs."""
RESTORED = "\x1b[?1049l"
LOOKING_S = 0.1
"""How long to leave it between two looks at all the processes of this machine."""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A machine of its own: a home and a place for temporary files."""
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "LOGNAME": "me",
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "JOBORCH_SERVER": "http://127.0.0.1:9",
        "JOBORCH_DATA": str(tmp_path / "elsewhere"),
    }


def left_behind(tmp_path: Path) -> list[str]:
    """What is still there of a demo: files, and processes that know its directory."""
    place = str(tmp_path / "tmp")
    found = [str(path) for path in (tmp_path / "tmp").iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            known = (process / "cmdline").read_bytes().decode(errors="replace")
            known += f" in {(process / 'cwd').readlink()}"
            found += [known] if place in known else []
    return found


def jobs_that_run(tmp_path: Path) -> list[str]:
    return [each for each in left_behind(tmp_path) if "sleep" in each]


def started(env: dict[str, str], cwd: Path, *options: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    command = [*JOBORCH, "demo", *options]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, env=env, cwd=cwd
    )


def test_without_a_terminal_it_tells_how_it_goes_and_leaves_nothing(
    env: dict[str, str], tmp_path: Path
) -> None:
    demo = started(env, tmp_path, "--no-top", "--jobs", "7")
    out, err = demo.communicate(timeout=90)

    rows = list(csv.DictReader(out.splitlines(), delimiter="\t"))
    assert demo.returncode == 0, err
    assert [(row["user_id"], row["service"]) for row in rows] == [
        (user, service) for user in ("me", "ada", "grace") for service in ("align", "dock")
    ]
    assert [row["completed"] for row in rows] == ["2", "1", "1", "1", "1", "1"]
    assert "7 of 7 completed" in err
    assert left_behind(tmp_path) == []
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_everything(
    env: dict[str, str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    demo = started(env, tmp_path)
    wait_until(lambda: jobs_that_run(tmp_path), timeout=60, every_s=LOOKING_S)

    demo.send_signal(number)
    demo.send_signal(number)
    out, err = demo.communicate(timeout=60)

    assert (demo.returncode, out) == (code, ""), err
    assert left_behind(tmp_path) == []


def test_a_signal_before_anything_runs_ends_what_has_begun(
    env: dict[str, str], tmp_path: Path
) -> None:
    demo = started(env, tmp_path)
    wait_until(lambda: left_behind(tmp_path), timeout=60)

    demo.send_signal(signal.SIGTERM)

    assert (demo.wait(60), left_behind(tmp_path)) == (143, [])
    demo.communicate()


IN_A_FINALIZER = """
import os, signal, time
from joborch.cli.demo import _a_site
from joborch.cli.options import Common
from joborch.cli.output import Output

class Thing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)  # where the signal is taken, and its exception ignored

with _a_site(Output(Common()), is_kept=False):
    Thing()
    time.sleep(30)
"""


def test_a_signal_that_python_ignores_an_exception_of_is_not_lost(
    env: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-c", IN_A_FINALIZER]
    demo = subprocess.run(
        command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=25, check=False
    )

    assert "Exception ignored in" in demo.stderr
    assert (demo.returncode, left_behind(tmp_path)) == (143, [])


def test_killed_outright_its_processes_end_all_the_same(
    env: dict[str, str], tmp_path: Path
) -> None:
    demo = started(env, tmp_path)
    wait_until(lambda: jobs_that_run(tmp_path), timeout=60, every_s=LOOKING_S)

    demo.kill()
    demo.communicate()

    def processes() -> list[str]:
        return [each for each in left_behind(tmp_path) if " in " in each]

    wait_until(lambda: not processes(), timeout=60, describe=processes, every_s=LOOKING_S)


def test_what_is_kept_can_be_started_again(env: dict[str, str], tmp_path: Path) -> None:
    demo = started(env, tmp_path, "--keep", "--jobs", "1", "-q")
    out, err = demo.communicate(timeout=90)
    assert (demo.returncode, out.split()) == (0, ["me/align"])
    serve, *agents = [shlex.split(line) for line in err.splitlines()[-3:]]
    assert [each[:2] for each in agents] == [["joborch", "agent"]] * 2

    log = tmp_path / "again.log"
    with log.open("wb") as output:
        again = subprocess.Popen([*JOBORCH, *serve[1:]], stderr=output, env=env)
    try:
        wait_until(lambda: "serves at" in log.read_text(), timeout=60, describe=log.read_text)
        status = [*JOBORCH, "--server", f"http://127.0.0.1:{serve[3]}", "status", "-q", "1"]
        shown = subprocess.run(status, env=env, capture_output=True, text=True, check=True)
    finally:
        again.terminate()
        again.wait(30)

    assert shown.stdout == "1\n"


def test_it_brings_its_own_server(env: dict[str, str], tmp_path: Path) -> None:
    demo = started(env, tmp_path, "--server", "http://orchestrator:5000")
    _, err = demo.communicate(timeout=60)

    assert demo.returncode == 2
    assert "its own server" in err


def until_jobs_run(typist: Typist) -> None:
    typist.sees(RUNS, timeout=60)


@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "ctrl-c"])
def test_on_a_terminal_it_opens_the_dashboard_until_a_key_ends_it(
    env: dict[str, str], tmp_path: Path, key: str
) -> None:
    with at([*JOBORCH, "demo"], env, tmp_path) as typist:
        until_jobs_run(typist)
        typist.types(key)

        assert typist.sees_the_end() == 0
        assert RESTORED in typist.screen
    assert left_behind(tmp_path) == []


def test_on_a_terminal_sigterm_ends_it_in_good_order(env: dict[str, str], tmp_path: Path) -> None:
    with at([*JOBORCH, "demo"], env, tmp_path) as typist:
        until_jobs_run(typist)
        typist.process.send_signal(signal.SIGTERM)

        assert typist.sees_the_end() == 143
        assert RESTORED in typist.screen
    assert left_behind(tmp_path) == []


@pytest.mark.alone
def test_jobs_run_before_the_eyes_in_a_few_seconds(env: dict[str, str], tmp_path: Path) -> None:
    began = time.monotonic()
    with at([*JOBORCH, "demo"], env, tmp_path) as typist:
        until_jobs_run(typist)
        took_s = time.monotonic() - began
        typist.types("q")
        typist.sees_the_end()
    sys.stderr.write(f"the first job was seen running after {took_s:.1f} s\n")

    assert took_s < 12, "three seconds, and what a busy machine needs"
