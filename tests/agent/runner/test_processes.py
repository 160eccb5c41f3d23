"""What /proc says of processes."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from joborch.agent.runner import processes
from tests.support.waiting import wait_until


@pytest.fixture
def shell() -> Iterator[int]:
    script = "sleep 60 & setsid sleep 60 & wait"
    with subprocess.Popen(["bash", "-c", script], start_new_session=True) as process:
        wait_until(lambda: len(processes.children(process.pid)) == 2)
        everyone = [process.pid, *processes.descendants(process.pid)]
        yield process.pid
        processes.kill(everyone)


def test_a_process_is_seen_with_its_relations(shell: int) -> None:
    seen = processes.look(shell)
    assert seen is not None
    assert (seen.parent, seen.session, seen.group) == (os.getpid(), shell, shell)


def test_a_name_with_parentheses_does_not_confuse(tmp_path: Path) -> None:
    program = tmp_path / ") R 1 ("
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as process:
        seen = processes.look(process.pid)
        process.kill()
    assert seen is not None
    assert seen.parent == os.getpid()


def test_a_free_pid_is_nobody() -> None:
    assert processes.look(2**22 + 1) is None
    assert processes.children(2**22 + 1) == []


def test_children_are_found_even_where_the_kernel_does_not_list_them(
    shell: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = sorted(processes.children(shell))
    monkeypatch.setattr(processes, "_kernel_lists_children", lambda: False)
    assert sorted(processes.children(shell)) == listed


def test_killing_takes_the_whole_group(shell: int) -> None:
    first, *_ = processes.children(shell)
    processes.kill([first])
    # The shell is in the group of the child that stayed in its session.
    assert os.waitpid(shell, 0)[0] == shell
