import os
import stat
from pathlib import Path

import pytest

from joborch.files.atomic import fsync_directory, make_way, read_plain, write_atomic


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old", durable=durable)
    write_atomic(path, b"new" * 100_000, durable=durable)
    assert path.read_bytes() == b"new" * 100_000
    assert list(tmp_path.iterdir()) == [path]


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    write_atomic(tmp_path / "file", b"")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("precious")
    (tmp_path / "file").symlink_to("target")
    write_atomic(tmp_path / "file", b"new")
    assert (tmp_path / "target").read_text() == "precious"
    assert not (tmp_path / "file").is_symlink()


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file" / "in").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_atomic(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_durable_flushes_the_content_before_and_the_name_after_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[bool, bool]] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        flushed.append((is_directory, (tmp_path / "file").exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    write_atomic(tmp_path / "file", b"new", durable=True)
    assert flushed == [(False, False), (True, True)]


def test_flushing_needs_a_directory(tmp_path: Path) -> None:
    fsync_directory(tmp_path)
    with pytest.raises(NotADirectoryError):
        (tmp_path / "file").touch()
        fsync_directory(tmp_path / "file")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_atomic(tmp_path / "file", b"content")
    assert read_plain(tmp_path / "file") == b"content"
    with pytest.raises(FileNotFoundError):
        read_plain(tmp_path / "none")


def test_what_was_put_in_the_place_of_a_file_is_neither_followed_nor_waited_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("secret")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "folder", "fifo", "file/below"):
        with pytest.raises(ValueError, match="not a plain file"):
            read_plain(tmp_path / name)


def test_a_file_that_has_become_huge_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(ValueError, match="not a plain file"):
        read_plain(tmp_path / "file")


def test_a_folder_makes_way_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "file" / "inner").mkdir(parents=True)
    make_way(tmp_path / "file")
    write_atomic(tmp_path / "file", b"new")
    make_way(tmp_path / "file")
    make_way(tmp_path / "none")
    assert (tmp_path / "file").read_bytes() == b"new"
