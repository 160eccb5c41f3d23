"""How `run.sh` is executed: as its first line says, or with bash if that says nothing.

What a first line can get wrong is found out before the script is executed, because what the system
says of it ("No such file or directory") reads as if the script itself were missing.
"""

import os
import shutil
from pathlib import Path

SCRIPT = "run.sh"
_DIRECT = ("./run.sh",)
_BY_BASH = ("bash", SCRIPT)
_MARK = b"#!"
_MOST_BYTES = 255
"""Of a first line; the system reads no further either."""
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def command(work_dir: Path) -> tuple[str, ...]:
    """What runs the script in this directory; OSError if it cannot be read."""
    return _DIRECT if _first_line(work_dir / SCRIPT).startswith(_MARK) else _BY_BASH


def fault(script: Path, *, search_path: str) -> str | None:
    """What is wrong with the interpreter that a script asks for; None if nothing is.

    For the working directory that it will run in: interpreters may be named relative to that.
    """
    line = _first_line(script)
    if not line.startswith(_MARK):
        return None
    if line.endswith(b"\r"):
        return "its first line ends in a carriage return; convert it with dos2unix"
    interpreter, _, argument = line[len(_MARK) :].decode(errors="replace").strip().partition(" ")
    if not interpreter:
        return "its first line names no interpreter"
    if not Path(interpreter).exists():
        return f"its interpreter {interpreter!r} does not exist"
    if not os.access(interpreter, os.X_OK):
        return f"its interpreter {interpreter!r} cannot be executed"
    return _fault_of_env(interpreter, argument.strip(), search_path)


def _fault_of_env(interpreter: str, wanted: str, search_path: str) -> str | None:
    """What `env` would not find. All that follows it on the line is one name, unless an option."""
    is_name = wanted and not wanted.startswith("-") and "=" not in wanted
    if Path(interpreter).name != "env" or not is_name:
        return None
    if shutil.which(wanted, path=search_path):
        return None
    return f"its interpreter {wanted!r} was not found on PATH"


def _first_line(script: Path) -> bytes:
    descriptor = os.open(script, _OPEN)
    try:
        return os.pread(descriptor, _MOST_BYTES, 0).partition(b"\n")[0]
    finally:
        os.close(descriptor)
