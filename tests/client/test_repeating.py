import pytest

from joborch.client.repeating import Repeat
from joborch.client.wrapping import unwrapped, wrapped
from joborch.domain.states import JobState
from joborch.wire.jobs import FileList, FileView
from tests.support.views import a_job_view

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
