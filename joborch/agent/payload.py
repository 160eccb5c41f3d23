"""Putting a job's files where the job will find them.

The names were checked by the server; they are checked again here, since a server that was deceived
must not be able to write outside the job's directory. Nothing that exists is ever overwritten.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from joborch.domain.errors import RequestError
from joborch.domain.names import check_file_name
from joborch.wire.agents import InlineFile

SCRIPT = "run.sh"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class InvalidPayloadError(RequestError):
    """The job can never run with these files, on any agent."""

    code = "invalid_payload"


def check_files(files: Sequence[InlineFile]) -> None:
    """Raise InvalidPayloadError unless these can be a job's files, ``run.sh`` among them."""
    names = [file.name for file in files]
    for name in names:
        try:
            check_file_name(name)
        except ValueError as error:
            raise InvalidPayloadError(str(error)) from error
    if SCRIPT not in names:
        raise InvalidPayloadError(f"there is no {SCRIPT}")


def write_inline(work_dir: Path, files: Sequence[InlineFile]) -> None:
    """Write the files whose data is at hand; those without are left out.

    Raises:
        InvalidPayloadError: if a name is not allowed, or two names cannot be files side by side.
        OSError: for want of space, and the like.
    """
    for file in files:
        if file.data is None:
            continue
        with _place_for(work_dir, file.name) as (folder, name):
            descriptor = os.open(name, _NEW_FILE, _mode(file.name), dir_fd=folder)
            with os.fdopen(descriptor, "wb", buffering=0) as target:
                view = memoryview(file.data)
                while view:
                    view = view[target.write(view) :]


def move_in(work_dir: Path, name: str, fetched: Path) -> None:
    """Give a file that was fetched beside the work directory its place in there.

    Raises:
        InvalidPayloadError: as :func:`write_inline` does; ``fetched`` is still there then.
    """
    fetched.chmod(_mode(name))
    with _place_for(work_dir, name) as (folder, last):
        os.link(fetched, last, dst_dir_fd=folder)
    fetched.unlink()


def is_there(work_dir: Path, name: str) -> bool:
    """Whether the file is in its place, complete."""
    return os.path.lexists(work_dir / name)


@contextmanager
def _place_for(work_dir: Path, name: str) -> Iterator[tuple[int, str]]:
    """Open the folder for a file, making it and its parents, and following no link."""
    try:
        *parents, last = check_file_name(name).split("/")
    except ValueError as error:
        raise InvalidPayloadError(str(error)) from error
    folder = os.open(work_dir, _FOLDER)
    try:
        for parent in parents:
            inner = _enter(folder, parent)
            os.close(folder)
            folder = inner
        yield folder, last
    except (FileExistsError, NotADirectoryError) as error:
        raise InvalidPayloadError(f"{name!r} and another file exclude each other") from error
    finally:
        os.close(folder)


def _enter(folder: int, name: str) -> int:
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except FileExistsError:
        return os.open(name, _FOLDER, dir_fd=folder)
    return os.open(name, _FOLDER, dir_fd=folder)


def _mode(name: str) -> int:
    return 0o755 if name == SCRIPT else 0o644
