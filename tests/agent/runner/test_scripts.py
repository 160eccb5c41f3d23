"""What runs a script, what may be wrong with its first line, and whose fault it is."""

import errno
import os
from pathlib import Path

import pytest

from joborch.agent.runner import job, scripts
from joborch.agent.runner.records import Cause, Spec
from tests.agent.runner.attempts import MakeAttempt, run


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    """A program in a directory of its own, which is the only one on its PATH."""
    program = tmp_path / "bin" / "gnarl"
    program.parent.mkdir()
    program.touch(mode=0o755)
    return program


@pytest.mark.parametrize(
    ("content", "command"),
    [
        ("echo hello", ("bash", "run.sh")),
        ("", ("bash", "run.sh")),
        ("\n#!/bin/sh", ("bash", "run.sh")),
        ("#!/usr/bin/python3\n", ("./run.sh",)),
    ],
)
def test_a_first_line_says_what_runs_it(
    tmp_path: Path, content: str, command: tuple[str, ...]
) -> None:
    (tmp_path / "run.sh").write_text(content)
    assert scripts.command(tmp_path) == command


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("echo hello", None),
        ("#!/bin/sh", None),
        ("#! /bin/sh -e", None),
        ("#!/usr/bin/env sh", "its interpreter 'sh' was not found on PATH"),
        ("#!/usr/bin/env gnarl", None),
        ("#!/usr/bin/env -S sh -e", None),
        ("#!/usr/bin/env gnarl -u", "its interpreter 'gnarl -u' was not found on PATH"),
        ("#!/no/such/python", "its interpreter '/no/such/python' does not exist"),
        ("#!/etc/passwd", "its interpreter '/etc/passwd' cannot be executed"),
        ("#!", "its first line names no interpreter"),
        ("#!/no\x1b[2J", r"its interpreter '/no\x1b[2J' does not exist"),
        (
            "#!/bin/bash\r",
            "its first line ends in a carriage return; convert it with dos2unix",
        ),
    ],
)
def test_what_is_wrong_with_a_first_line_is_said(
    executable: Path, tmp_path: Path, line: str, fault: str | None
) -> None:
    script = tmp_path / "run.sh"
    script.write_bytes(f"{line}\necho hello\n".encode())
    assert scripts.fault(script, search_path=str(executable.parent)) == fault


def test_a_script_that_can_be_executed_nowhere_has_itself_to_blame(
    an_attempt: MakeAttempt,
) -> None:
    attempt = an_attempt("#!/no/such/python", argv=("./run.sh",))
    (attempt.work / "run.sh").chmod(0o755)
    ended = run(attempt)
    assert (ended.cause, ended.is_of_host) == (Cause.CANNOT_START, False)
    assert ended.detail == "run.sh: its interpreter '/no/such/python' does not exist"


def test_that_bash_is_missing_is_the_fault_of_the_host(an_attempt: MakeAttempt) -> None:
    ended = run(an_attempt(env={"PATH": "/nowhere"}))
    assert (ended.cause, ended.is_of_host) == (Cause.CANNOT_START, True)
    assert ended.detail == "bash: No such file or directory"


@pytest.mark.parametrize(
    ("number", "program", "whose"),
    [
        (errno.ENOMEM, "./run.sh", b"h"),
        (errno.EAGAIN, "./run.sh", b"h"),
        (errno.EACCES, "./run.sh", b"s"),
        (errno.ENOEXEC, "./run.sh", b"s"),
        (errno.ENOENT, "bash", b"h"),
        (errno.E2BIG, "bash", b"s"),
    ],
)
def test_an_error_tells_whose_fault_it_is(number: int, program: str, whose: bytes) -> None:
    error = OSError(number, os.strerror(number), program)
    assert job._whose(error, Spec(argv=(program,))) == whose


def test_no_room_for_a_log_is_the_fault_of_the_host() -> None:
    error = OSError(errno.ENOENT, "No such file or directory", "/somewhere/stdout.log")
    assert job._whose(error, Spec(argv=("./run.sh",))) == b"h"
