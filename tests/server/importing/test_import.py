"""A site leaves its original server: what it had is there afterwards, and nothing was touched."""

import re
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
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
from tests.support.hand_agent import submit
from tests.support.server import running_server


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


HALVES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda whole: whole[:-30],
    "nothing": lambda whole: b"",
    "a page": lambda whole: b"<html>502 Bad Gateway</html>",
    "zeros in the middle": lambda whole: whole[:40] + bytes(20) + whole[60:],
    "the end alone": lambda whole: whole[60:],
    "a directory that begins too late": lambda whole: whole[:-6] + b"\xff\xff\0\0" + whole[-2:],
    "more packed than there is": lambda whole: _with_packed_size(whole, 10**6),
}


def _with_packed_size(whole: bytes, size_bytes: int) -> bytes:
    """Change what the directory says of the size of its first entry."""
    at = whole.index(b"PK\1\2") + 20
    return whole[:at] + size_bytes.to_bytes(4, "little") + whole[at + 4 :]


@pytest.mark.parametrize("half", HALVES)
def test_what_is_no_whole_archive_is_not_taken_for_results(
    source: Source, into: Path, half: str
) -> None:
    folder = source.add("completed", job_id=12)
    whole = give_results(folder)
    (folder / "output.zip").write_bytes(HALVES[half](whole))
    imported = run(source, into)
    ((state, removed, size),) = rows(
        into, "SELECT state, results_removed_at, results_bytes FROM jobs"
    )
    assert (imported.results, state, size) == (0, "completed", None)
    assert removed is not None
    assert not any(into.glob("results/*/*"))
    assert not any(into.glob("payloads/*/*/output.zip"))
    (told,) = imported.left_out
    assert told.startswith("job 12: its output.zip was left out: it is no whole ZIP archive")


@pytest.mark.parametrize("is_large", [False, True])
def test_results_of_any_kind_are_taken_if_they_are_whole(
    source: Source, into: Path, is_large: bool
) -> None:
    folder = source.add("completed")
    with zipfile.ZipFile(folder / "output.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/", "")
        archive.writestr("empty", "")
        archive.writestr("zeros", bytes(5_000_000 if is_large else 5_000))
        archive.writestr("bz2", b"x" * 900, zipfile.ZIP_BZIP2)
    imported = run(source, into)
    assert (imported.results, imported.left_out) == (1, [])


def test_links_are_not_followed_and_are_told(source: Source, into: Path) -> None:
    folder = source.add("queued", job_id=9)
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "folder").symlink_to("/etc")
    assert run(source, into).left_out == [
        f"job 9: '{name}' was left out: it is a link" for name in ("folder", "link")
    ]
    assert [*into.glob("payloads/*/*/link")] == []
    assert [*into.glob("payloads/*/*/folder*")] == []


@pytest.mark.parametrize("target", ["../../secret.zip", "missing.zip", "output.zip"])
def test_results_that_are_a_link_out_of_the_directory_are_left_out(
    source: Source, into: Path, tmp_path: Path, target: str
) -> None:
    (tmp_path / "secret.zip").write_bytes(give_results(tmp_path))
    folder = source.add("completed", job_id=64)
    (folder / "output.zip").symlink_to(target)
    imported = run(source, into)
    (told,) = imported.left_out
    assert told.startswith("job 64: its output.zip was left out: ")
    assert imported.results == 0


@pytest.mark.parametrize("loc", ["/opt/data/link", "/opt/data/..", "/"])
def test_a_job_whose_directory_is_elsewhere_has_no_files(
    source: Source, into: Path, tmp_path: Path, loc: str
) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "run.sh").write_text("secret")
    (source.data / "link").symlink_to(tmp_path / "others")
    source.add("queued", job_id=64)
    source.spoil("UPDATE jobs SET loc = ?", loc)
    imported = run(source, into)
    ((state, reason),) = rows(into, "SELECT state, reason FROM jobs")
    assert (state, reason) == ("invalid", "its files are gone from the original server")
    assert not any(into.glob("payloads/*/*"))
    (told,) = imported.left_out
    assert re.fullmatch(r"job 64: its directory '.*' was left out: it leads out of /.*", told)


def test_what_was_moved_within_the_directory_is_found_by_its_links(
    source: Source, into: Path
) -> None:
    folder = source.add("completed", job_id=3)
    results = give_results(folder)
    moved = source.data / "old"
    folder.rename(moved)
    folder.symlink_to("old")
    (moved / "output.zip").rename(source.data / "3.zip")
    (moved / "output.zip").symlink_to("../3.zip")
    assert run(source, into).left_out == []
    assert (into / "results" / "000000" / "3-1.zip").read_bytes() == results
    assert [*into.glob("payloads/*/*/run.sh")]


@pytest.mark.parametrize("is_trial", [True, False])
@pytest.mark.parametrize("place", ["original", "original/ours", "link", "link/ours", "."])
def test_nothing_is_imported_into_the_originals_own_directory(
    source: Source, tmp_path: Path, place: str, is_trial: bool
) -> None:
    give_results(source.add("completed"))
    (tmp_path / "link").symlink_to(source.data)
    before = source.contents()
    with pytest.raises(NoPlaceError, match="one inside the other") as refused:
        run(source, tmp_path / place, is_trial=is_trial)
    assert "--into DIR" in str(refused.value.hint)
    assert source.contents() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "original"]


@pytest.mark.parametrize("ids", [[], [13], [13, 600]])
def test_no_new_job_gets_an_id_that_was_ever_given(
    source: Source, into: Path, ids: list[int]
) -> None:
    for job_id in [*ids, 500]:
        source.add("failed", job_id=job_id)
    source.spoil("DELETE FROM jobs WHERE id = 500")
    run(source, into)
    with running_server(into) as server:
        assert submit(server.http, service="example") == max([500, *ids]) + 1
    assert audit(load_settings({"data": str(into)}, {}, None)).violations == []


def test_ids_are_reserved_without_a_new_job_to_show_it(source: Source, into: Path) -> None:
    source.add("failed", job_id=13)
    source.spoil("UPDATE sqlite_sequence SET seq = 500")
    run(source, into)
    assert audit(load_settings({"data": str(into)}, {}, None)).violations == []


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
    source.spoil(spoil)
    with pytest.raises(error):
        run(source, into)
    assert not into.exists()


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE jobs SET status = 'wat'",
        "UPDATE jobs SET created_at = NULL",
        "UPDATE jobs SET created_at = 'once'",
    ],
)
def test_the_job_that_no_original_wrote_is_named(source: Source, into: Path, spoil: str) -> None:
    source.add("queued", job_id=58)
    source.spoil(spoil)
    with pytest.raises(SourceError, match="job 58 has a "):
        run(source, into)


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
