"""What this client submitted, so that ``last`` means something.

A line a submission: time, server, ids as a selector.
"""

import os
from datetime import datetime
from pathlib import Path

from joborch.cli.exits import UsageError
from joborch.cli.times import iso
from joborch.client.places import state_directory
from joborch.domain.selectors import Ids, parse_selector, spelt

TAIL_BYTES = 64 * 1024


def remember(server: str, ids: list[int], *, now: datetime) -> None:
    """Append a submission. That it cannot be written down is no reason to fail."""
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a") as file:
            file.write(f"{iso(now)}\t{server}\t{spelt(ids)}\n")
    except OSError:
        return


def recall(server: str, back: int) -> list[int]:
    """Return the ids of the newest submission to this server, or of one ``back`` before it.

    Raises:
        UsageError: if there was none.
    """
    found = [line.split("\t")[2] for line in _lines() if line.split("\t")[1:2] == [server]]
    if back >= len(found):
        raise UsageError(
            f"this client remembers {len(found)} submissions to {server}", hint="name the jobs' ids"
        )
    selector = parse_selector(found[-1 - back])
    return list(selector.ids) if isinstance(selector, Ids) else []


def _lines() -> list[str]:
    try:
        with _path().open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - TAIL_BYTES, 0))
            text = file.read().decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [line for line in text.splitlines() if line.count("\t") == 2]


def _path() -> Path:
    return state_directory(os.environ) / "history"
