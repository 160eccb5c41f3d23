"""The backends there are, by name. Adding one: a module, a line here, the contract suite, docs."""

from collections.abc import Callable, Mapping
from pathlib import Path

from joborch.agent.backends.base import Backend
from joborch.domain.errors import InvalidRequestError

Maker = Callable[[Path], Backend]
"""Makes a backend that may keep files of its own in a directory."""


def _local(directory: Path) -> Backend:
    from joborch.agent.backends.local import LocalBackend

    return LocalBackend(log=directory / "launcher.log")


BACKENDS: Mapping[str, Maker] = {"local": _local}


def make_backend(name: str, directory: Path) -> Backend:
    """Make the backend of this name.

    Raises:
        InvalidRequestError: if there is none.
    """
    if name not in BACKENDS:
        known = ", ".join(sorted(BACKENDS))
        raise InvalidRequestError(f"there is no backend {name!r}", hint=f"there are {known}")
    return BACKENDS[name](directory)
