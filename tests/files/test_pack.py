"""What goes into an archive of a folder that somebody else has filled, and what does not."""

import hashlib
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import tracemalloc
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joborch.files import packing
from joborch.files.archive import Limits, PackedArchive, Skipped, extract, pack

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def unprivileged_root() -> Iterator[Path]:
    """A folder whose permissions count, because we are not root while the test runs."""
    folder = Path(tempfile.mkdtemp())
    was_root = os.geteuid() == 0
    if was_root:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    (folder / "root").mkdir()
    yield folder / "root"
    if was_root:
        os.seteuid(0)
    for path in folder.rglob("*"):
        path.chmod(0o700)
    shutil.rmtree(folder)


def contents(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def packed(
    root: Path, extra: Mapping[str, Path | bytes] = MappingProxyType({})
) -> tuple[PackedArchive, dict[str, bytes]]:
    target = root.parent / "results.zip"
    result = pack(root, target, extra=extra)
    return result, contents(target)


def test_a_tree_is_packed(root: Path) -> None:
    (root / "b" / "empty").mkdir(parents=True)
    (root / "b" / "c").write_bytes(b"inner")
    (root / "a").write_bytes(b"")
    (root / "ä.txt").write_bytes(b"umlaut")
    result, files = packed(root)
    assert files == {"a": b"", "b/c": b"inner", "b/empty/": b"", "ä.txt": b"umlaut"}
    assert (result.entries, result.skipped) == (4, ())


def test_size_and_checksum_are_those_of_the_archive(root: Path) -> None:
    (root / "a").write_bytes(b"a" * 1000)
    result, _ = packed(root)
    data = (root.parent / "results.zip").read_bytes()
    assert (result.size_bytes, result.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_an_empty_folder_makes_an_empty_archive(root: Path) -> None:
    result, files = packed(root)
    assert (result.entries, files) == (0, {})


def test_common_tools_can_read_it(root: Path) -> None:
    if shutil.which("unzip") is None:
        pytest.skip("needs unzip")
    (root / "run.sh").write_text("#!/bin/sh")
    (root / "run.sh").chmod(0o4755)
    (root / "noise").write_bytes(os.urandom(3_000_000))
    packed(root)
    out = root.parent / "out"
    subprocess.run(["unzip", "-q", root.parent / "results.zip", "-d", out], check=True)
    assert (out / "noise").read_bytes() == (root / "noise").read_bytes()
    # The set-user-id bit is gone.
    assert stat.S_IMODE((out / "run.sh").stat().st_mode) == 0o755


def test_sizes_come_before_the_data(root: Path) -> None:
    (root / "a").write_bytes(b"abc")
    packed(root)
    with zipfile.ZipFile(root.parent / "results.zip") as archive:
        assert [entry.flag_bits & 0x08 for entry in archive.infolist()] == [0]


def test_links_are_listed_and_never_followed(root: Path) -> None:
    (root.parent / "secret").write_text("secret")
    (root / "file").symlink_to("../secret")
    (root / "folder").symlink_to("..")
    (root / "dangling").symlink_to("nowhere")
    result, files = packed(root)
    assert set(files) == {".joborch/skipped.txt"}
    assert b"secret" not in files[".joborch/skipped.txt"]
    names = [(each.name, each.reason) for each in result.skipped]
    assert names == [(name, "a symbolic link") for name in ("dangling", "file", "folder")]


def test_a_folder_swapped_for_a_link_meanwhile_is_not_entered(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "secret").write_text("secret")
    (root / "folder").mkdir()
    look = os.stat

    def look_and_swap(path: str, **options: Any) -> os.stat_result:
        seen = look(path, **options)
        if path == "folder":
            (root / "folder").rmdir()
            (root / "folder").symlink_to("../outside")
        return seen

    monkeypatch.setattr(os, "stat", look_and_swap)
    result, _ = packed(root)
    assert [each.name for each in result.skipped] == ["folder"]


def test_special_files_are_listed_and_never_opened(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(root / "fifo")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    result, files = packed(root)
    assert [(each.name, each.reason) for each in result.skipped] == [
        ("fifo", "a FIFO"),
        ("socket", "a socket"),
    ]
    assert files[".joborch/skipped.txt"] == b"fifo\ta FIFO\nsocket\ta socket\n"


@AS_ROOT
def test_devices_are_skipped(root: Path) -> None:
    os.mknod(root / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    result, _ = packed(root)
    assert result.skipped == (Skipped(name="zero", reason="a device"),)


@AS_ROOT
def test_hard_links_to_files_of_others_are_skipped(root: Path) -> None:
    (root / "mine").write_text("mine")
    (root / "mine too").hardlink_to(root / "mine")
    (root / "theirs").write_text("theirs")
    (root.parent / "elsewhere").hardlink_to(root / "theirs")
    os.chown(root / "theirs", NOBODY, NOBODY)
    result, files = packed(root)
    assert [each.name for each in result.skipped] == ["theirs"]
    assert {"mine", "mine too"} <= set(files)


def test_what_cannot_be_read_is_listed_with_the_reason(unprivileged_root: Path) -> None:
    (unprivileged_root / "file").write_text("x")
    (unprivileged_root / "file").chmod(0)
    (unprivileged_root / "folder").mkdir(mode=0)
    (unprivileged_root / "good").write_text("good")
    result, files = packed(unprivileged_root)
    assert [(each.name, each.reason) for each in result.skipped] == [
        ("file", "Permission denied"),
        ("folder", "Permission denied"),
    ]
    assert files["good"] == b"good"


def test_the_reserved_folder_is_ours(root: Path) -> None:
    (root / ".joborch").mkdir()
    (root / ".joborch" / "stdout.log").write_text("forged")
    (root / "deeper" / ".joborch").mkdir(parents=True)
    (root / "deeper" / ".joborch" / "file").write_text("theirs")
    (root.parent / "out").write_text("real")
    result, files = packed(root, extra={".joborch/stdout.log": root.parent / "out"})
    assert [each.name for each in result.skipped] == [".joborch"]
    assert list(files) == [
        "deeper/.joborch/file",
        ".joborch/stdout.log",
        ".joborch/skipped.txt",
    ]
    assert files[".joborch/stdout.log"] == b"real"


def test_a_missing_extra_file_is_listed(root: Path) -> None:
    result, _ = packed(root, extra={".joborch/stdout.log": root / "none"})
    reason = "No such file or directory"
    assert result.skipped == (Skipped(name=".joborch/stdout.log", reason=reason),)


def test_odd_names_are_spelt_so_that_they_can_be_extracted(root: Path) -> None:
    names = [b"a\xff", b"b\nc", b"d\\e", b"c:f", b"g\x9b", "h\u202e".encode()]
    for name in names:
        Path(os.fsdecode(bytes(root) + b"/" + name)).write_bytes(name)
    _, files = packed(root)
    assert sorted(files) == ["a%FF", "b%0Ac", "c%3Af", "d%5Ce", "g%9B", "h\u202e"]


def test_two_files_that_would_get_one_name_are_told_apart(root: Path) -> None:
    (root / "a%FF").write_text("first")
    Path(os.fsdecode(bytes(root) + b"/a\xff")).write_text("second")
    result, files = packed(root)
    assert [each.reason for each in result.skipped] == ["another file has this name"]
    assert files["a%FF"] == b"first"


def test_the_list_of_skipped_files_cannot_be_forged(root: Path) -> None:
    (root / "x\ny\t\x1b[2J\u202e").symlink_to("nowhere")
    _, files = packed(root)
    expected = "x%0Ay%09%1B[2J%E2%80%AE\ta symbolic link\n"
    assert files[".joborch/skipped.txt"].decode() == expected


def test_very_deep_folders_are_cut_off(root: Path) -> None:
    (root / "/".join("d" * 120)).mkdir(parents=True)
    (root / "d" / "file").write_text("x")
    result, files = packed(root)
    assert [each.reason for each in result.skipped] == ["more than 100 folders deep"]
    assert files["d/file"] == b"x"


def test_files_are_compressed_when_it_pays(root: Path) -> None:
    (root / "text").write_bytes(b"text" * 100_000)
    (root / "noise").write_bytes(os.urandom(100_000))
    packed(root)
    with zipfile.ZipFile(root.parent / "results.zip") as archive:
        methods = {entry.filename: entry.compress_type for entry in archive.infolist()}
    assert methods == {"noise": zipfile.ZIP_STORED, "text": zipfile.ZIP_DEFLATED}


@pytest.mark.parametrize(
    ("modified", "expected"),
    [
        (0, (1980, 1, 1, 0, 0, 0)),
        (1_000_000_000, (2001, 9, 9, 1, 46, 40)),
        (2**33, (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_times_are_utc_and_kept_within_what_zip_can_say(
    root: Path, modified: int, expected: tuple[int, ...]
) -> None:
    (root / "a").touch()
    os.utime(root / "a", (modified, modified))
    packed(root)
    with zipfile.ZipFile(root.parent / "results.zip") as archive:
        assert archive.getinfo("a").date_time == expected


@pytest.mark.parametrize("size", [0, 10, 5_000_000])
def test_a_file_that_changes_its_size_meanwhile_does_no_harm(
    root: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = root / "log"
    path.write_bytes(b"x" * 3_000_000)
    (root / "z").write_text("after")
    shrinks = packing._shrinks

    def resize(first: bytes) -> bool:
        os.truncate(path, size)
        return shrinks(first)

    monkeypatch.setattr(packing, "_shrinks", resize)
    _, files = packed(root)
    assert files["z"] == b"after"
    assert len(files["log"]) == (3_000_000 if size > 3_000_000 else 1 << 20)


def test_memory_stays_flat(root: Path) -> None:
    with (root / "large").open("wb") as file:
        file.truncate(200_000_000)
    tracemalloc.start()
    pack(root, root.parent / "results.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_large_files_get_large_sizes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_ZIP64_FROM_BYTES", 10)
    (root / "a").write_bytes(b"a" * 100)
    _, files = packed(root)
    assert files == {"a": b"a" * 100}


def test_an_older_archive_is_replaced_only_by_a_whole_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = root.parent / "results.zip"
    target.write_text("old")
    (root / "a").write_text("a")

    def fail(self: zipfile.ZipFile, *_: object, **__: object) -> BinaryIO:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "open", fail)
    with pytest.raises(OSError, match="No space left"):
        pack(root, target)
    assert target.read_text() == "old"
    assert sorted(path.name for path in root.parent.iterdir()) == ["results.zip", "root"]


def test_a_root_that_is_missing_or_replaced_is_listed_and_the_rest_is_packed(root: Path) -> None:
    (root.parent / "elsewhere").mkdir()
    (root.parent / "elsewhere" / "secret").write_text("secret")
    out = root.parent / "out"
    out.write_text("said")
    (root / "file").touch()

    def repack() -> tuple[bytes, bytes]:
        _, files = packed(root, extra={".joborch/stdout.log": out})
        assert set(files) == {".joborch/stdout.log", ".joborch/skipped.txt"}
        return files[".joborch/stdout.log"], files[".joborch/skipped.txt"]

    shutil.rmtree(root)
    assert repack() == (b"said", b".\tNo such file or directory\n")
    root.symlink_to("elsewhere")
    assert repack() == (b"said", b".\ta symbolic link\n")
    root.unlink()
    root.touch()
    assert repack() == (b"said", b".\tNot a directory\n")


def test_a_missing_folder_for_the_archive_is_an_error(root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        pack(root, root.parent / "none" / "results.zip")


def test_extra_content_needs_no_file(root: Path) -> None:
    _, files = packed(root, extra={".joborch/job.json": b"{}"})
    assert files == {".joborch/job.json": b"{}"}


def test_what_stands_in_the_place_of_the_archive_is_never_written_through(root: Path) -> None:
    victim = root.parent / "victim"
    victim.write_text("precious")
    for name in ("results.zip", "results.zip.part"):
        (root.parent / name).symlink_to(victim)
    packed(root)
    assert victim.read_text() == "precious"
    assert not (root.parent / "results.zip").is_symlink()


def test_a_folder_in_the_place_of_the_archive_gives_way(root: Path) -> None:
    (root.parent / "results.zip" / "full").mkdir(parents=True)
    (root / "a").write_bytes(b"a")
    assert packed(root)[1] == {"a": b"a"}


def test_what_an_earlier_process_left_half_written_is_removed(root: Path) -> None:
    (root.parent / ".results.zip.0123.part").touch()
    (root.parent / ".results.zip.4567.part").mkdir()
    packed(root)
    left = sorted(path.name for path in root.parent.iterdir())
    assert left == [".results.zip.4567.part", "results.zip", "root"]


def test_files_beyond_the_limits_are_listed(root: Path) -> None:
    for name, size in {"a": 10, "b": 101, "c": 90, "d": 10, "e": 0, "f": 0}.items():
        (root / name).write_bytes(b"x" * size)
    limits = Limits(max_entries=3, max_file_bytes=100, max_total_bytes=50)
    log = {".joborch/stdout.log": root / "c"}
    result = pack(root, root.parent / "results.zip", extra=log, limits=limits)
    assert [(each.name, each.reason) for each in result.skipped] == [
        ("b", "larger than 100 bytes"),
        ("c", "no room for it within 50 bytes"),
        ("f", "more than 3 files"),
    ]
    expected = ["a", "d", "e", ".joborch/stdout.log", ".joborch/skipped.txt"]
    assert list(contents(root.parent / "results.zip")) == expected


def test_a_huge_hole_is_not_read(root: Path) -> None:
    with (root / "hole").open("wb") as file:
        file.truncate(100 * 1024**3)
    result, _ = packed(root)
    assert result.skipped == (Skipped(name="hole", reason=f"larger than {64 * 1024**3} bytes"),)


def test_the_list_of_what_is_left_out_has_an_end(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "_MOST_LISTED", 2)
    for name in "abcde":
        (root / name).symlink_to("nowhere")
    result, files = packed(root)
    assert [each.name for each in result.skipped] == ["a", "b"]
    assert files[".joborch/skipped.txt"].decode().splitlines()[-1] == "…\tand 3 more"


file_names = st.binary(min_size=1, max_size=20).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)


@settings(max_examples=60, deadline=None)
@given(names=st.sets(file_names, max_size=8))
def test_whatever_is_packed_can_be_extracted(names: set[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        root.mkdir()
        for name in names:
            Path(os.fsdecode(bytes(root) + b"/" + name)).write_bytes(name)
        packed_archive = pack(root, Path(folder) / "results.zip")
        extracted = extract(Path(folder) / "results.zip", Path(folder) / "out")
        assert len(extracted) == packed_archive.entries
