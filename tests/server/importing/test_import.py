"""A site leaves its original server: what it had is there afterwards, and nothing was touched."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from joborch.domain.errors import JoborchError
from joborch.process.lock import LockedError, directory_lock, file_lock
from joborch.server.audit.main import audit
from joborch.server.belonging import StrangeDatabaseError
from joborch.server.importing.main import NoPlaceError, NotEmptyError
from joborch.server.importing.source import NoSourceError, SourceError
from joborch.server.settings import load_settings
from joborch.server.store import schema
from tests.server.importing.originals import BECOMES, INPUTS, Source, give_results, rows, run


@pytest.mark.parametrize(("status", "state"), BECOMES.items())
def test_each_status_becomes_the_state_that_says_the_same(
    source: Source, into: Path, status: str, state: str
) -> None:
    source.add(status, job_id=41)
    assert run(source, into).states == {state: 1}
    assert rows(into, "SELECT id, user_id, service, state FROM jobs") == [
        (41, "7", "docking", state)
    ]


def test_everything_that_was_imported_passes_the_audit(source: Source, into: Path) -> None:
    for status in BECOMES:
        source.add(status)
    give_results(source.add("completed", job_id=4711))
    run(source, into)
    found = audit(load_settings({"data": str(into)}, {}, None))
    assert found.violations == []
    assert (found.counts.jobs, found.counts.archives) == (len(BECOMES) + 1, 1)


def test_results_and_inputs_come_along_byte_for_byte(source: Source, into: Path) -> None:
    results = give_results(source.add("completed", job_id=12))
    run(source, into)
    assert (into / "results" / "000000" / "12-1.zip").read_bytes() == results
    ((payload,),) = rows(into, "SELECT payload_id FROM jobs")
    (folder,) = into.glob(f"payloads/*/{payload}")
    assert {name: (folder / name).read_bytes() for name in INPUTS} == INPUTS


def test_what_was_completed_and_is_gone_counts_as_cleaned(source: Source, into: Path) -> None:
    source.add("completed", files={})
    run(source, into)
    ((removed, size),) = rows(into, "SELECT results_removed_at, results_bytes FROM jobs")
    assert removed is not None
    assert size is None


def test_what_waits_without_its_script_cannot_be_run(source: Source, into: Path) -> None:
    source.add("queued", files={"data": b"1"})
    run(source, into)
    ((state, reason),) = rows(into, "SELECT state, reason FROM jobs")
    assert (state, reason) == ("invalid", "there is no run.sh among the files")


def test_what_was_at_a_client_begins_anew_and_is_counted(source: Source, into: Path) -> None:
    source.add("submitted")
    source.add("queued")
    assert run(source, into).requeued == 1


def test_an_archive_that_was_given_to_a_job_without_results_is_an_input(
    source: Source, into: Path
) -> None:
    source.add("queued", files=INPUTS | {"output.zip": b"given"})
    run(source, into)
    (given,) = into.glob("payloads/*/*/output.zip")
    assert given.read_bytes() == b"given"


def test_links_are_not_followed(source: Source, into: Path) -> None:
    folder = source.add("queued")
    (folder / "link").symlink_to("/etc/passwd")
    run(source, into)
    assert [*into.glob("payloads/*/*/link")] == []


def test_new_jobs_get_ids_after_the_imported_ones(source: Source, into: Path) -> None:
    source.add("cleaned", job_id=4711, files={})
    run(source, into)
    assert rows(into, "SELECT seq FROM sqlite_sequence WHERE name = 'jobs'") == [(4711,)]


def test_the_source_is_untouched(source: Source, into: Path) -> None:
    give_results(source.add("completed"))
    before = source.contents()
    run(source, into)
    assert source.contents() == before


def test_what_is_only_in_the_write_ahead_log_is_seen(source: Source, into: Path) -> None:
    with closing(sqlite3.connect(source.database)) as still_open:
        still_open.execute("SELECT * FROM jobs").fetchall()
        source.add("queued")
        assert (source.data / "db.sqlite-wal").stat().st_size
        assert run(source, into).jobs == 1


HALF_DONE = """
import os, sqlite3, sys
opened = sqlite3.connect(sys.argv[1], isolation_level=None)
opened.execute("PRAGMA cache_size = 1")
opened.execute("BEGIN")
opened.execute("UPDATE jobs SET status = 'failed', loc = loc || 'x'")
os._exit(0)
"""


def test_what_a_killed_server_had_not_committed_is_not_seen(source: Source, into: Path) -> None:
    with closing(sqlite3.connect(source.database)) as opened, opened:
        opened.execute("PRAGMA journal_mode = DELETE")
        gone = [(7, "docking", "killed", "/gone" * 50, 3, "2026-11-20 03:12:05")] * 500
        opened.executemany("INSERT INTO jobs VALUES (NULL, ?, ?, ?, ?, ?, ?)", gone)
    subprocess.run([sys.executable, "-c", HALF_DONE, source.database], check=True)
    assert (source.data / "db.sqlite-journal").stat().st_size
    before = source.contents()
    assert run(source, into).states == {"cancelled": 500}
    assert source.contents() == before


def test_a_second_import_is_refused_and_changes_nothing(source: Source, into: Path) -> None:
    source.add("queued")
    run(source, into)
    with pytest.raises(NotEmptyError):
        run(source, into)
    assert rows(into, "SELECT count(*) FROM jobs") == [(1,)]


def test_a_trial_writes_nothing(source: Source, into: Path) -> None:
    source.add("failed")
    assert run(source, into, is_trial=True).states == {"failed": 1}
    assert not into.exists()


@pytest.mark.parametrize(
    ("status", "files"),
    [
        ("queued", INPUTS),
        ("queued", {}),
        ("queued", {"data": b"1"}),
        ("running", {"run.sh": b""}),
        ("completed", {"output.zip": b"PK"}),
        ("queued", INPUTS | {".joborch/x": b"1", "back\\slash": b"1"}),
    ],
)
def test_a_trial_foretells_what_the_import_makes(
    source: Source, into: Path, status: str, files: dict[str, bytes]
) -> None:
    source.add(status, files=files)
    assert run(source, into, is_trial=True) == run(source, into)


@pytest.mark.parametrize("is_trial", [True, False])
@pytest.mark.parametrize("place", ["file", "file/below", "link"])
def test_a_file_is_no_place_to_import_into(
    source: Source, tmp_path: Path, place: str, is_trial: bool
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(NoPlaceError, match="is no directory") as refused:
        run(source, tmp_path / place, is_trial=is_trial)
    assert "--into DIR" in str(refused.value.hint)
    assert (tmp_path / "file").read_text() == "mine"


def test_files_of_a_server_whose_database_is_elsewhere_are_not_imported_over(
    source: Source, into: Path
) -> None:
    kept = into / "results" / "000000" / "1-1.zip"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"of another job 1")
    give_results(source.add("completed", job_id=1))
    with pytest.raises(StrangeDatabaseError):
        run(source, into)
    assert kept.read_bytes() == b"of another job 1"
    assert not (into / "joborch.db").exists()


def test_a_directory_in_use_is_refused(source: Source, into: Path) -> None:
    into.mkdir()
    with directory_lock(into / "server.lock", "a server"), pytest.raises(LockedError):
        run(source, into)


def test_a_database_in_use_is_refused_though_its_server_has_its_files_elsewhere(
    source: Source, into: Path
) -> None:
    into.mkdir()
    with file_lock(into / "joborch.db", "a server"), pytest.raises(LockedError):
        run(source, into)


def test_a_server_does_not_take_an_originals_database_for_its_own(source: Source) -> None:
    with pytest.raises(schema.SchemaError) as refused:
        schema.prepare(source.database)
    assert "joborch import" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ("DROP TABLE jobs", SourceError),
        ("UPDATE jobs SET status = 'dreaming'", SourceError),
        ("UPDATE jobs SET created_at = 'once'", SourceError),
    ],
)
def test_what_no_original_wrote_is_refused_whole(
    source: Source, into: Path, spoil: str, error: type[JoborchError]
) -> None:
    source.add("queued")
    with closing(sqlite3.connect(source.database)) as opened, opened:
        opened.execute(spoil)
    with pytest.raises(error):
        run(source, into)
    assert not into.exists()


def test_a_file_that_is_no_database_is_refused(source: Source, into: Path) -> None:
    for path in source.data.glob("db.sqlite*"):
        path.unlink()
    source.database.write_text("not a database at all, whatever its name says")
    with pytest.raises(SourceError):
        run(source, into)


def test_a_source_that_is_not_there_is_named(source: Source, into: Path, tmp_path: Path) -> None:
    source.data = tmp_path / "nowhere"
    with pytest.raises(NoSourceError, match="nowhere"):
        run(source, into)
