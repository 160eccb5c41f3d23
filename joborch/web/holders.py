"""Which process listens at a port, as far as this user may know."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"
LOCAL, STATE, INODE = 1, 3, 9
"""Columns of a table of the kernel's sockets."""


def holder_of(port: int) -> str | None:
    """Return ``process 4711 (python3)``; None if there is none, or it is another user's."""
    wanted = {f"socket:[{inode}]" for inode in _listening_at(port)}
    for process in PROC.glob("[0-9]*") if wanted else ():
        with suppress(OSError):  # it has ended, or is another user's
            if any(_target(opened) in wanted for opened in (process / "fd").iterdir()):
                return f"process {process.name} ({(process / 'comm').read_text().strip()})"
    return None


def _listening_at(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                has_port = int(fields[LOCAL].rpartition(":")[2], 16) == port
                if has_port and fields[STATE] == LISTENING:
                    yield fields[INODE]


def _target(opened: Path) -> str:
    try:
        return str(opened.readlink())
    except OSError:
        return ""
