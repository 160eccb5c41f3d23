"""Directories as only a hostile job makes them."""

import os
from pathlib import Path


def nest(folder: Path, depth: int) -> None:
    """Make folders in folders, deeper than any path can say."""
    inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=inner)
        deeper = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=inner)
        os.close(inner)
        inner = deeper
    os.close(inner)
