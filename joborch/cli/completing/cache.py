"""What was found out a moment ago, in files below ``$XDG_CACHE_HOME/joborch``.

A cache that cannot be read or written is as good as none.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

MOST_AGE_S = 60.0


def kept(name: str, max_age_s: float, make: Callable[[], Any]) -> Any:
    """Return what is kept under this name, or make and keep it; ``None`` is never kept."""
    path = directory(os.environ) / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.json"
    with suppress(OSError, ValueError):
        if 0 <= time.time() - path.stat().st_mtime < min(max_age_s, MOST_AGE_S):
            return json.loads(path.read_text())
    made = make()
    if made is not None:
        with suppress(OSError, TypeError):
            _write(path, json.dumps(made))
    return made


def directory(env: Mapping[str, str]) -> Path:
    """Return where the files are."""
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    base = Path(env["XDG_CACHE_HOME"]) if env.get("XDG_CACHE_HOME", "").startswith("/") else None
    return (base or home / ".cache") / "joborch"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(text)
    part.replace(path)
    _sweep(path.parent)


def _sweep(folder: Path) -> None:
    """Remove what is too old to be read again; nobody else would."""
    oldest = time.time() - 2 * MOST_AGE_S
    for path in folder.glob("*.json"):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
