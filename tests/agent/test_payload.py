"""Files that come from a server which may itself have been deceived."""

from pathlib import Path

import pytest

from joborch.agent.payload import InvalidPayloadError, check_files, move_in, write_inline
from tests.support.agent_link import a_file


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../b", "", ".joborch/x", "a\0b"])
def test_names_that_lead_astray_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "work").mkdir()
    with pytest.raises(InvalidPayloadError):
        write_inline(tmp_path / "work", [a_file(name, "x")])
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_no_link_is_followed(tmp_path: Path) -> None:
    work, outside = tmp_path / "work", tmp_path / "outside"
    work.mkdir()
    outside.mkdir()
    (work / "link").symlink_to(outside)
    with pytest.raises(InvalidPayloadError):
        write_inline(work, [a_file("link/file", "x")])
    assert not list(outside.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    with pytest.raises(InvalidPayloadError, match="exclude"):
        write_inline(tmp_path, [a_file("a", "1"), a_file("a", "2")])
    assert (tmp_path / "a").read_text() == "1"


def test_a_file_cannot_also_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidPayloadError, match="exclude"):
        write_inline(tmp_path, [a_file("a", "1"), a_file("a/b", "2")])


def test_a_fetched_file_is_moved_to_its_place_once(tmp_path: Path) -> None:
    work, fetched = tmp_path / "work", tmp_path / "fetched"
    work.mkdir()
    fetched.write_text("big")
    move_in(work, "a/b", fetched)
    assert ((work / "a" / "b").read_text(), fetched.exists()) == ("big", False)
    fetched.write_text("other")
    with pytest.raises(InvalidPayloadError):
        move_in(work, "a/b", fetched)
    assert (work / "a" / "b").read_text() == "big"


def test_run_sh_has_to_be_there() -> None:
    check_files([a_file("run.sh", None)])
    with pytest.raises(InvalidPayloadError, match=r"run\.sh"):
        check_files([a_file("sub/run.sh", "true")])
