"""Whether a server uses a data directory, by the lock that it holds and nothing else."""

import fcntl
import os
from pathlib import Path

LOCK = "server.lock"


def holder(data: Path) -> str | None:
    """Return who uses the directory, as it introduces itself; None if nobody does."""
    try:
        file = os.open(data / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        # Shared, and given back at once: two that look do not hinder each other.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(file, 200, 0).decode(errors="replace").strip() or "another process"
    finally:
        os.close(file)
    return None
