"""A shim that is killed at its n-th system call of a kind: no attempt ever runs twice."""

import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from joborch.agent.runner import records
from joborch.agent.runner.phases import Finished, Fresh, SupervisorLost, inspect, is_locked
from tests.agent.runner.attempts import Attempt, make_attempt
from tests.support.waiting import wait_until

ROOT = str(Path(records.__file__).parents[3])
SUPERVISE = (
    sys.executable,
    *("-I", "-S", "-c"),
    "import sys; sys.path.append(sys.argv[1]);"
    "from joborch.agent.runner.shim import supervise; sys.exit(supervise(sys.argv[2]))",
    ROOT,
)
CALLS = [
    *("flock", "pwrite64", "/^rename", "pipe2", "prctl", "write", "/^p?poll$", "wait4", "/^clone"),
    "exit_group",
]
"""Those that mark a step; each is counted from the start of the process."""

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


def supervise(attempt: Attempt, *, kill_at: tuple[str, int] | None = None) -> int:
    """Run a shim in the foreground; its exit status, negative when it was killed."""
    command = [*SUPERVISE, str(attempt.directory)]
    if kill_at:
        call, number = kill_at
        inject = f"inject={call}:signal=KILL:when={number}"
        command = [
            "strace",
            "-qq",
            "-e",
            f"trace={call}",
            "-e",
            inject,
            "-o",
            "/dev/null",
            *command,
        ]
    return subprocess.run(command, check=False, start_new_session=True).returncode


def runs(attempt: Attempt) -> int:
    marks = attempt.directory / "runs"
    return len(marks.read_text().splitlines()) if marks.exists() else 0


def check_after_crash(attempt: Attempt) -> None:
    """What is on disk is true, and a second shim does not run what may have run."""
    wait_until(lambda: not is_locked(attempt.directory))
    match inspect(attempt.directory):
        case Fresh():
            assert runs(attempt) == 0
            assert supervise(attempt) == 0
            assert runs(attempt) == 1
        case SupervisorLost():
            assert runs(attempt) <= 1
            assert supervise(attempt) != 0
            assert runs(attempt) <= 1
        case Finished(ended=ended):
            assert (ended.exit_code, runs(attempt)) == (5, 1)
            assert supervise(attempt) != 0
            assert runs(attempt) == 1
        case phase:
            pytest.fail(f"unexpected: {phase}")


@pytest.mark.parametrize("call", CALLS)
def test_a_crash_anywhere_is_harmless(tmp_path: Path, call: str) -> None:
    crashes = 0
    for number in itertools.count(1):
        attempt = make_attempt(tmp_path / f"{number}", "echo run >> ../runs; sleep 0.02; exit 5")
        if supervise(attempt, kill_at=(call, number)) >= 0:
            break
        crashes += 1
        check_after_crash(attempt)
    assert attempt.ended.exit_code == 5
    assert crashes > 0
