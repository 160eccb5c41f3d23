"""A server that is given the wrong database does not take the files of another for rubbish."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import running_server


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "server.lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def serve(data: Path, database: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "joborch", "serve", "--port", "0"]
    return subprocess.run(
        [*command, "--data", str(data), "--db", str(database)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("kept", ["payloads/ab/abcdef/run.sh", "results/000000/4-1.zip"])
def test_a_new_database_over_files_of_another_is_refused_and_nothing_changed(
    tmp_path: Path, kept: str
) -> None:
    data = tmp_path / "data"
    (data / kept).parent.mkdir(parents=True)
    (data / kept).write_bytes(b"precious")

    refused = serve(data, data / "other.db")

    assert refused.returncode not in {0, 1}
    assert "other.db does not exist, but there are files of jobs" in refused.stderr
    assert "--db" in refused.stderr
    assert contents(data) == {kept: b"precious"}


def test_a_new_database_over_a_directory_without_files_of_jobs_is_made(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server:
        server.stop()
    (data / "joborch.db").unlink()
    with running_server(data, db=str(tmp_path / "other.db")):
        assert (tmp_path / "other.db").exists()


def test_a_copy_from_before_is_refused_over_newer_results(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server:
        server.stop()
    newer = data / "results" / "000004" / "4711-1.zip"
    newer.parent.mkdir()
    newer.write_bytes(b"precious")

    refused = serve(data, data / "joborch.db")

    assert refused.returncode == 6
    assert "results of job 4711" in refused.stderr
    assert newer.read_bytes() == b"precious"


def test_a_database_that_is_no_file_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.db"
    os.mkfifo(pipe)

    refused = serve(tmp_path / "data", pipe)

    assert refused.returncode == 6
    assert "pipe.db is no file" in refused.stderr
    assert pipe.is_fifo()
