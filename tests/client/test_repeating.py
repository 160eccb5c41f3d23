import subprocess
from typing import Any

import pytest

from joborch.client.repeating import Repeat
from joborch.client.wrapping import unwrapped, wrapped
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.wire.jobs import FileList, FileView
from tests.support.views import NOON, a_job_view

FILES = FileList(
    items=[
        FileView(name="2oob.pdb", kind="input", size_bytes=6),
        FileView(name="run.sh", kind="input", size_bytes=6),
    ]
)


def test_variables_are_repeated_and_secrets_are_taken_from_where_it_is_run() -> None:
    env = {"X": "1 2", "API_TOKEN": "***"}

    repeat = Repeat(job=a_job_view(7), files=FILES, env=env)

    assert repeat.line == (
        "joborch submit -s example -n dock -e 'X=1 2' -e API_TOKEN run.sh 2oob.pdb"
    )
    assert repeat.note == "needs run.sh, 2oob.pdb here · API_TOKEN as here: secret"


@pytest.mark.parametrize(
    ("state", "retry"), [("failed", "retry 7"), ("completed", "retry 7 --completed")]
)
def test_what_repeats_a_job_as_it_was_is_named_beside_it(state: str, retry: str) -> None:
    note = Repeat(job=a_job_view(7, JobState(state)), files=FILES).note

    assert "its environment is not told" in note
    assert note.endswith(f" · as it was: joborch {retry}")


def test_a_command_line_is_repeated_as_one() -> None:
    command = ["./prodigy", "--threads", "4", "2oob.pdb"]

    repeat = Repeat(job=a_job_view(7), files=FILES, env={}, command=command)
    alone = Repeat(job=a_job_view(7), files=FileList(items=FILES.items[1:]), env={}, command=["ls"])

    assert repeat.line == (
        "joborch submit -s example -n dock 2oob.pdb -- ./prodigy --threads 4 2oob.pdb"
    )
    assert repeat.note == "needs 2oob.pdb here"
    assert (alone.line, alone.note) == ("joborch submit -s example -n dock -- ls", "")


def test_what_is_in_a_directory_is_named_by_the_directory() -> None:
    names = ("cfg/b/c.toml", "cfg/a.toml", "run.sh")
    files = FileList(items=[FileView(name=each, kind="input", size_bytes=1) for each in names])

    line = Repeat(job=a_job_view(7), files=files, env={}).line

    assert line == "joborch submit -s example -n dock run.sh cfg"


@pytest.mark.parametrize(
    "word",
    [
        "a\nb",
        "a\tb\\n'",
        "\x1b[31m",
        "red\u202e",
        "\u200bé",
        "\udcff",
        "\x7f$HOME",
        "a\r\nb",
        "ü '",
    ],
)
def test_what_a_terminal_would_drop_is_written_so_that_bash_reads_it(word: str) -> None:
    repeat = Repeat(job=a_job_view(7), files=FileList(items=[]), env={}, command=["printf", word])

    shown = one_line(repeat.line)
    _, _, command = shown.partition(" -- printf ")
    read = subprocess.run(
        ["bash", "-c", f"printf %s {command}"], capture_output=True, check=True, env={}
    )
    assert shown == repeat.line
    assert read.stdout == word.encode(errors="surrogateescape")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_attempts": 1}, "--max-attempts 1"),
        ({"time_limit_s": 90061.0}, "--time-limit 90061s"),
        ({"time_limit_s": 1.5}, "--time-limit 1.5s"),
        ({"time_limit_s": 0.01}, "--time-limit 0.01s"),
        ({"time_limit_s": 5400.0}, "--time-limit 1h30m"),
        ({"user_id": "eve"}, "-s example -u eve -n dock"),
        ({"name": "--"}, "-s example --name=-- -- ls"),
    ],
)
def test_all_that_was_said_of_the_job_is_said_again(changes: dict[str, Any], words: str) -> None:
    job = a_job_view(7, **changes)

    line = Repeat(job=job, files=FileList(items=[]), env={}, command=["ls"], me="1").line

    assert words in line


def test_files_that_look_like_options_are_named_as_files() -> None:
    names = ("--hold", "-x", "a*[1]", "run.sh")
    files = FileList(items=[FileView(name=each, kind="input", size_bytes=1) for each in names])

    line = Repeat(job=a_job_view(7), files=files, env={}).line

    assert line.endswith(" run.sh ./--hold ./-x 'a*[1]'")


def test_a_password_in_a_url_is_taken_from_where_it_is_run() -> None:
    env = {"URL": "https://u:***@h/x", "STARS": "***x"}

    repeat = Repeat(job=a_job_view(7), files=FILES, env=env)

    assert " -e URL -e 'STARS=***x' " in repeat.line
    assert "URL as here: secret" in repeat.note


def test_what_the_job_waited_for_and_its_array_are_told_beside_it() -> None:
    job = a_job_view(7, array_index=3, not_before=NOON, after=[4, 5], after_count=9, held_at=NOON)

    note = Repeat(job=job, files=FILES, env={}).note

    assert "JOBORCH_ARRAY_COUNT is that of -a 3, not of its array" in note
    assert f"without --begin {NOON.isoformat()}, --after 4-5,…, --hold" in note


@pytest.mark.parametrize(
    "command", [["ls"], ["sh", "-c", "echo $HOME; a 'b'\n"], ["a b", "", "\udcff"], ["exec", "ls"]]
)
def test_a_wrapped_command_is_known_again(command: list[str]) -> None:
    assert unwrapped(wrapped(command)) == command


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"#!/bin/sh\n",
        b"#!/bin/sh\nls\n",
        b"#!/bin/sh\nexec ls",
        b"#!/bin/sh\nexec  ls\n",
        b"#!/bin/sh\nexec ls\nexec rm x\n",
        b"#!/bin/sh\nexec ls $HOME\n",
        b"#!/bin/sh\nexec ls 'x\n",
        b"#!/bin/bash\nexec ls\n",
        b"exec ls\n",
    ],
)
def test_a_script_of_ones_own_is_no_command(script: bytes) -> None:
    assert unwrapped(script) is None
