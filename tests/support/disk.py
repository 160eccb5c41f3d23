"""What is asked of the disk, in its order: flushes and renames, which a power cut tells apart."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def watched(root: Path) -> Iterator[list[str]]:
    """Note each ``flush PATH`` and ``rename PATH`` below ``root`` that succeeds, by the new name.

    Nothing is replaced: both are carried out as ever.
    """
    noted: list[str] = []
    fsync, rename, replace = os.fsync, os.rename, os.replace

    def note(what: str, path: Path) -> None:
        if path.is_relative_to(root):
            noted.append(f"{what} {path.relative_to(root)}")

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        note("flush", Path(f"/proc/self/fd/{descriptor}").readlink())

    def noted_rename(source: Any, target: Any, **but: Any) -> None:
        rename(source, target, **but)
        note("rename", Path(target))

    def noted_replace(source: Any, target: Any, **but: Any) -> None:
        replace(source, target, **but)
        note("rename", Path(target))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", noted_fsync)
        patch.setattr(os, "rename", noted_rename)
        patch.setattr(os, "replace", noted_replace)
        yield noted
