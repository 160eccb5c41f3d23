"""Removing what jobs leave, made as hard as a job can make it."""

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from joborch.agent.removal import remove_tree
from tests.agent.trees import nest


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


def test_a_tree_is_removed_whatever_its_permissions(tree: Path) -> None:
    (tree / "locked" / "inner").mkdir(parents=True)
    (tree / "locked" / "inner" / "file").touch()
    for folder in (tree / "locked" / "inner", tree / "locked", tree):
        folder.chmod(0)
    remove_tree(tree)
    assert not tree.exists()


def test_no_nesting_is_too_deep(tree: Path) -> None:
    nest(tree, 2000)
    remove_tree(tree)
    assert not tree.exists()


def test_it_takes_few_descriptors(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nest(tree, 200)
    before, opened = open_descriptors(), []
    rename = os.rename

    def rename_and_count(*names: Any, **folders: Any) -> None:
        opened.append(open_descriptors() - before)
        rename(*names, **folders)

    monkeypatch.setattr(os, "rename", rename_and_count)
    remove_tree(tree)
    assert len(opened) == 200
    assert max(opened) <= 3


def test_links_are_removed_and_not_followed(tree: Path) -> None:
    outside = tree.parent / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "folder" / "file").touch()
    (tree / "link").symlink_to(outside)
    remove_tree(tree)
    tree.symlink_to(outside)
    remove_tree(tree)
    assert not os.path.lexists(tree)
    assert (outside / "folder" / "file").exists()


def test_special_files_are_removed(tree: Path) -> None:
    os.mkfifo(tree / "fifo")
    remove_tree(tree)
    assert not tree.exists()


def test_what_resists_is_left_and_told(
    tree: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tree / "folder").mkdir()
    for name in ("folder/immovable", "other"):
        (tree / name).touch()
    unlink = os.unlink

    def refuse(name: str, **options: int) -> None:
        if name == "immovable":
            raise PermissionError(1, "Operation not permitted")
        unlink(name, **options)

    monkeypatch.setattr(os, "unlink", refuse)
    with caplog.at_level(logging.WARNING):
        remove_tree(tree)
    assert [path.name for path in tree.rglob("*") if path.is_file()] == ["immovable"]
    assert [record.message for record in caplog.records] == ["directory not removed"]
    monkeypatch.undo()
    remove_tree(tree)
    assert not tree.exists()


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_what_is_not_there_needs_no_removing(tree: Path) -> None:
    remove_tree(tree / "none")
