"""Archives that must not be unpacked, and those that may."""

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from joborch.files.archive import UnsafeArchiveError, extract
from joborch.files.names import archive_name

Entry = tuple[str, bytes] | tuple[zipfile.ZipInfo, bytes]


def an_archive(folder: Path, *entries: Entry) -> Path:
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def an_entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


def renamed(path: Path, old: bytes, new: bytes) -> Path:
    """Write a name that `zipfile` itself would not write."""
    assert len(old) == len(new)
    path.write_bytes(path.read_bytes().replace(old, new))
    return path


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_an_archive_is_extracted(tmp_path: Path) -> None:
    archive = an_archive(tmp_path, ("a/b.txt", b"b"), ("empty/", b""), ("ü", b"u" * 3_000_000))
    out = tmp_path / "deep" / "out"
    assert extract(archive, out) == ["a/b.txt", "ü"]
    assert files_in(out) == {"a/b.txt": b"b", "ü": b"u" * 3_000_000}
    assert (out / "empty").is_dir()


def test_programs_stay_executable_and_nothing_else_is_kept(tmp_path: Path) -> None:
    executable = an_entry("run.sh", stat.S_IFREG | 0o4755)
    archive = an_archive(tmp_path, (executable, b""), (an_entry("data", 0o100666), b""))
    extract(archive, tmp_path / "out")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "out" / "run.sh").stat().st_mode) == 0o777 & ~umask
    assert stat.S_IMODE((tmp_path / "out" / "data").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ((), (), ["a/1.txt", "a/2.log", "b"]),
        (("*.txt",), (), ["a/1.txt"]),
        (("a",), (), ["a/1.txt", "a/2.log"]),
        (("a/",), ("*.log",), ["a/1.txt"]),
        ((), ("a",), ["b"]),
        (("none",), (), []),
    ],
)
def test_a_part_can_be_chosen(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
) -> None:
    archive = an_archive(tmp_path, ("a/1.txt", b""), ("a/2.log", b""), ("b", b""))
    assert extract(archive, tmp_path / "out", include=include, exclude=exclude) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/etc/passwd", "absolute"),
        ("../x", "leads out"),
        ("a/../../x", "leads out"),
        ("a/..", "leads out"),
        ("..", "leads out"),
        ("C:x", "drive"),
        ("c:/x", "drive"),
        ("a\\b", "backslash"),
        ("a\nb", "control character"),
        ("a\x1b[2J", "control character"),
        ("a\x9bb", "control character"),
        ("a//b", "plain path"),
        ("./a", "plain path"),
        ("/", "absolute"),
    ],
)
def test_bad_names_are_refused_before_anything_is_written(
    tmp_path: Path, name: str, message: str
) -> None:
    archive = an_archive(tmp_path, ("good", b"good"), (name, b"bad"))
    with pytest.raises(UnsafeArchiveError, match=message):
        extract(archive, tmp_path / "out", include=["good"])
    assert not (tmp_path / "out").exists()


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    archive = renamed(an_archive(tmp_path, ("good?bad", b"")), b"good?bad", b"good\0bad")
    with pytest.raises(UnsafeArchiveError, match=r"'good%00bad' has a control character"):
        extract(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("mode", "message"),
    [(stat.S_IFLNK | 0o777, "link"), (stat.S_IFIFO, "special"), (stat.S_IFCHR, "special")],
)
def test_only_files_and_folders_are_extracted(tmp_path: Path, mode: int, message: str) -> None:
    archive = an_archive(tmp_path, (an_entry("x", mode), b"/etc/passwd"))
    with pytest.raises(UnsafeArchiveError, match=message):
        extract(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [("aa", "bb", "twice"), ("aa", "bb/", "twice"), ("aa", "bb/c", "inside another file")],
)
def test_names_that_collide_are_refused(
    tmp_path: Path, first: str, second: str, message: str
) -> None:
    archive = renamed(an_archive(tmp_path, (first, b""), (second, b"")), b"bb", b"aa")
    with pytest.raises(UnsafeArchiveError, match=message):
        extract(archive, tmp_path / "out")


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    archive = an_archive(tmp_path, ("zeros", bytes(101_000_000)))
    with pytest.raises(UnsafeArchiveError, match="more than 1000 for each"):
        extract(archive, tmp_path / "out")
    assert extract(archive, tmp_path / "out", max_ratio=1100) == ["zeros"]


def test_entries_that_share_their_data_are_refused(tmp_path: Path) -> None:
    archive = an_archive(tmp_path, ("aaa", b"x" * 100), ("bbb", b"y" * 100))
    data = archive.read_bytes()
    second = data.rindex(b"PK\x01\x02")
    # In the central directory, let the second entry begin where the first does.
    archive.write_bytes(data[: second + 42] + struct.pack("<L", 0) + data[second + 46 :])
    with pytest.raises(UnsafeArchiveError, match="overlaps"):
        extract(archive, tmp_path / "out")


def test_more_than_the_allowed_bytes_are_refused(tmp_path: Path) -> None:
    archive = an_archive(tmp_path, ("a", b"a" * 10), ("b", b"b"))
    with pytest.raises(UnsafeArchiveError, match="11 bytes; 10 are allowed"):
        extract(archive, tmp_path / "out", max_bytes=10)
    assert extract(archive, tmp_path / "out", max_bytes=10, exclude=["b"]) == ["a"]


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    archive = an_archive(tmp_path, ("a", b"a"))
    data = bytearray(archive.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(UnsafeArchiveError, match="encrypted"):
        extract(archive, tmp_path / "out")


def test_a_damaged_file_is_not_left_behind(tmp_path: Path) -> None:
    archive = an_archive(tmp_path, ("good", b"good"))
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_STORED) as opened:
        opened.writestr("bad", b"original")
    renamed(archive, b"original", b"modified")
    with pytest.raises(UnsafeArchiveError, match="damaged"):
        extract(archive, tmp_path / "out")
    assert files_in(tmp_path / "out") == {"good": b"good"}


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "archive.zip").write_text("<html>")
    with pytest.raises(UnsafeArchiveError, match="damaged"):
        extract(tmp_path / "archive.zip", tmp_path / "out")


def test_existing_files_are_kept(tmp_path: Path) -> None:
    archive = an_archive(tmp_path, ("new", b"new"), ("old", b"new"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_bytes(b"old")
    with pytest.raises(FileExistsError, match="old exists already"):
        extract(archive, tmp_path / "out")
    assert files_in(tmp_path / "out") == {"old": b"old"}
    extract(archive, tmp_path / "out", overwrite=True)
    assert files_in(tmp_path / "out") == {"new": b"new", "old": b"new"}


def test_what_is_there_with_the_same_content_is_left_alone(tmp_path: Path) -> None:
    archive = an_archive(tmp_path, ("new", b"new"), ("old", b"old"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_bytes(b"old")
    before = (tmp_path / "out" / "old").stat().st_ino

    assert extract(archive, tmp_path / "out") == ["new"]

    assert files_in(tmp_path / "out") == {"new": b"new", "old": b"old"}
    assert (tmp_path / "out" / "old").stat().st_ino == before


def test_a_link_to_the_same_content_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"old")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").symlink_to("../elsewhere")
    with pytest.raises(FileExistsError, match="old exists already"):
        extract(an_archive(tmp_path, ("old", b"old")), tmp_path / "out")


def test_a_damaged_archive_does_not_cost_the_file_that_it_would_replace(tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("a", b"original")
    renamed(archive, b"original", b"modified")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(b"kept")
    with pytest.raises(UnsafeArchiveError, match="damaged"):
        extract(archive, tmp_path / "out", overwrite=True)
    assert files_in(tmp_path / "out") == {"a": b"kept"}


def test_links_in_the_destination_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "target").write_text("precious")
    out = tmp_path / "out"
    out.mkdir()
    (out / "folder").symlink_to("../outside")
    (out / "file").symlink_to("../target")
    into_folder = an_archive(tmp_path, ("folder/x", b"x"))
    with pytest.raises(FileExistsError, match="in the way"):
        extract(into_folder, out, overwrite=True)
    extract(an_archive(tmp_path, ("file", b"new")), out, overwrite=True)
    assert (tmp_path / "target").read_text() == "precious"
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_folder_in_the_way_is_kept(tmp_path: Path) -> None:
    (tmp_path / "out" / "a" / "kept").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="it is a folder"):
        extract(an_archive(tmp_path, ("a", b"")), tmp_path / "out", overwrite=True)


def test_names_can_be_spelt_so_that_they_are_accepted(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("a\\b", "new\nline", "plain"):
            archive.writestr(name, name)
    extract(tmp_path / "a.zip", tmp_path / "out", spell=archive_name)
    found = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert found == {"a%5Cb": "a\\b", "new%0Aline": "new\nline", "plain": "plain"}


def test_spelling_makes_no_way_out_acceptable(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../a\\b", "")
    with pytest.raises(UnsafeArchiveError):
        extract(tmp_path / "a.zip", tmp_path / "out", spell=archive_name)
