"""What is said of a bug of ours: the traceback goes into a file, the terminal is told which."""

import os
import traceback
from collections.abc import Mapping
from pathlib import Path

from textual.worker import WorkerFailed

from joborch import __version__
from joborch.client.places import state_directory
from joborch.domain.text import one_line

NAME = "top-crash.log"


def kept(error: BaseException, env: Mapping[str, str]) -> str:
    """Write the traceback into a file only we can read, and return what to tell the person.

    Where it cannot be written, the traceback itself is returned.
    """
    cause = _cause(error)
    text = f"joborch {__version__}\n{''.join(traceback.format_exception(cause))}"
    path = state_directory(env) / NAME
    try:
        _write(path, text)
    except OSError as trouble:
        return f"{text}\n{path} could not be written: {trouble.strerror}"
    what = one_line(f"{type(cause).__name__}: {cause}")
    return f"joborch top has a bug: {what}\n  the traceback is in {path}"


def _cause(error: BaseException) -> BaseException:
    """Return what went wrong first, without the wrappings of tasks and workers."""
    while isinstance(error, WorkerFailed | BaseExceptionGroup):
        error = error.error if isinstance(error, WorkerFailed) else error.exceptions[0]
    return error


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 - for the mode
        file.write(text)
