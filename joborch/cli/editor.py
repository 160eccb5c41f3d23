"""A person's own editor, on a copy of a text."""

import os
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from joborch.cli.exits import UsageError
from joborch.domain.errors import JoborchError

USUAL = "vi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What somebody wrote, and the file it is still in."""

    text: str
    copy: Path


def edited(text: str, *, beside: Path) -> Edited:
    """Let a person change a text with ``$VISUAL`` or ``$EDITOR``, and wait for that.

    The copy lies beside a file, with the same ending, and is left for the caller to remove.

    Raises:
        UsageError: if there is no such editor.
        JoborchError: if it failed.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or USUAL
    beside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix="edited-", suffix=beside.suffix, dir=beside.parent)
    os.close(descriptor)
    copy = Path(name)
    copy.write_text(text)
    try:
        code = subprocess.run([*shlex.split(command), str(copy)], check=False).returncode
    except OSError as error:
        copy.unlink()
        raise UsageError(
            f"there is no editor {command!r} ({error.strerror})", hint="export EDITOR=nano"
        ) from error
    if code:
        raise JoborchError(f"{command} ended with {code}: nothing was changed", hint=f"see {copy}")
    return Edited(text=copy.read_text(), copy=copy)
