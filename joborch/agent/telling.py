"""What an agent says of itself when it is asked by SIGUSR1: the attempts in its directories.

It reads names of files only, and takes no lock: nothing is disturbed by the question.
"""

from collections.abc import Iterator
from pathlib import Path

STARTED, EXIT = "started.json", "exit.json"


def attempts_told(*homes: Path) -> Iterator[str]:
    """Yield a line for each attempt, ``42-1 running``, after one that counts them."""
    folders = sorted(folder for home in homes for folder in home.glob("attempts/*-*"))
    count = len(folders)
    yield f"{count} attempt{'s' * (count != 1)} here"
    for folder in folders:
        yield f"  {folder.name} {_standing(folder)}"


def _standing(folder: Path) -> str:
    if (folder / EXIT).exists():
        return "has ended; its report is due, or its directory is kept"
    return "running" if (folder / STARTED).exists() else "not started"
