"""A TAB is answered before one wonders."""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.alone, pytest.mark.timeout(120)]
ROUNDS = 9


def median_s(*command: str, env: dict[str, str]) -> float:
    """The processor time of a Python program: what it takes where nothing else runs."""

    def once() -> float:
        process = subprocess.Popen([sys.executable, *command], env=env, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return used.ru_utime + used.ru_stime

    return statistics.median(once() for _ in range(ROUNDS))


@pytest.mark.parametrize("line", ["joborch sta", "joborch status --st", "joborch status --state f"])
def test_a_tab_takes_a_few_times_as_long_as_python_alone(
    env: dict[str, str], tmp_path: Path, line: str
) -> None:
    """Relative to an interpreter's start, as machines differ."""
    env["XDG_CACHE_HOME"] = str(tmp_path)

    bare = median_s("-c", "pass", env=env)
    tab = median_s("-m", "joborch", "__complete", "bash", line, str(len(line)), "", "9", env=env)

    sys.stderr.write(f"{line}: {tab * 1000:.0f} ms; Python alone: {bare * 1000:.0f} ms\n")
    assert tab < 5 * bare + 0.03
