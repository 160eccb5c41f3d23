"""The script that ``submit -- COMMAND`` makes of a command line, and the way back."""

import shlex
from collections.abc import Sequence

SHEBANG = b"#!/bin/sh\n"
_EXEC = "exec "


def wrapped(command: Sequence[str]) -> bytes:
    """Write a script that becomes this command."""
    text = f"{_EXEC}{shlex.join(command)}\n"
    return SHEBANG + text.encode(errors="surrogateescape")


def unwrapped(script: bytes) -> list[str] | None:
    """Return the command of a script that is exactly what :func:`wrapped` makes of it, or None."""
    text = script.removeprefix(SHEBANG).decode(errors="surrogateescape")
    try:
        command = shlex.split(text.removeprefix(_EXEC))
    except ValueError:
        return None
    return command if command and wrapped(command) == script else None
