"""Runs a command to its end, or to a time limit, and leaves none of its processes behind.

Taking out what ends processes lets them live. ``contained.py SECONDS COMMAND…`` becomes the parent
of whatever the command abandons, and kills that.
"""

import os
import subprocess
import sys

from joborch.agent.runner import linux, processes

TOOK_TOO_LONG = 124


def main(longest_s: float, command: list[str]) -> int:
    """Run the command and return its exit status."""
    linux.adopt_orphans()
    try:
        return subprocess.run(command, timeout=longest_s, check=False).returncode
    except subprocess.TimeoutExpired:
        return TOOK_TOO_LONG
    finally:
        end_all()


def end_all() -> None:
    """Kill and reap every descendant, until there is none."""
    try:
        while True:
            processes.kill_descendants(os.getpid())
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
