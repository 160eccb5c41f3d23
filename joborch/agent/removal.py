"""Removing a directory that a job has made a mess of."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any


def remove_tree(folder: Path) -> None:
    """Remove a directory with all it contains, links not followed; what resists is left."""
    shutil.rmtree(folder, onerror=_unlock_and_retry)


def _unlock_and_retry(function: Callable[..., Any], path: str, _: object) -> None:
    """A directory without permissions hides its files, and its parent's keep it in place."""
    for folder in (Path(path).parent, Path(path)):
        try:
            if stat.S_ISDIR(folder.lstat().st_mode):
                folder.chmod(stat.S_IRWXU)
        except OSError:
            return
    if function in (os.open, os.scandir, os.lstat):
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        function(path)
    except OSError:
        return
