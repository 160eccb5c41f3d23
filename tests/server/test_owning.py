"""A server alone uses its directory and its database, and keeps what it makes to itself."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import RunningServer, running_server


@pytest.fixture
def first(tmp_path: Path) -> Iterator[RunningServer]:
    """A server whose database is not in its data directory."""
    (tmp_path / "db").mkdir()
    database = tmp_path / "db" / "jobs.db"
    with running_server(tmp_path / "first", db=str(database)) as server:
        yield server


def serve(data: Path, database: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "joborch", "serve", "--port", "0"]
    return subprocess.run(
        [*command, "--data", str(data), "--db", str(database)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_second_server_on_the_same_database_is_refused(
    tmp_path: Path, first: RunningServer
) -> None:
    refused = serve(tmp_path / "second", tmp_path / "db" / "jobs.db")

    assert refused.returncode == 6
    named = f"jobs.db is in use by the server at {first.url}, process {first.process.pid}"
    assert named in refused.stderr


def test_a_database_is_the_same_by_any_of_its_names(tmp_path: Path, first: RunningServer) -> None:
    (tmp_path / "alias.db").symlink_to(tmp_path / "db" / "jobs.db")

    refused = serve(tmp_path / "second", tmp_path / "alias.db")

    assert refused.returncode == 6
    assert str(first.process.pid) in refused.stderr


def test_a_second_server_on_the_database_in_anothers_data_is_refused(tmp_path: Path) -> None:
    with running_server(tmp_path / "first") as server:
        refused = serve(tmp_path / "second", server.data / "joborch.db")

    assert refused.returncode == 6
    assert str(server.process.pid) in refused.stderr


def test_a_second_server_on_the_same_data_is_refused_whatever_its_database(
    tmp_path: Path, first: RunningServer
) -> None:
    refused = serve(first.data, tmp_path / "other.db")

    assert refused.returncode == 6
    assert str(first.process.pid) in refused.stderr


def test_a_data_directory_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        assert mode_of(server.data) == 0o700


def test_a_data_directory_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o750)
    with running_server(tmp_path / "data") as server:
        assert mode_of(server.data) == 0o750
