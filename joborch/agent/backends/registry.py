"""The backends there are, by name. Adding one: a module, a line here, the contract suite, docs."""

from collections.abc import Callable, Mapping
from pathlib import Path

from joborch.agent.backends.base import Backend
from joborch.agent.settings import AgentSettings
from joborch.domain.errors import SettingsError

Maker = Callable[[AgentSettings, Path], Backend]
"""Makes a backend that may keep files of its own in a directory."""


def _local(settings: AgentSettings, directory: Path) -> Backend:
    from joborch.agent.backends.local import LocalBackend

    return LocalBackend(log=directory / "launcher.log")


def _seed(settings: AgentSettings, directory: Path) -> Backend:
    from joborch.agent.backends.seed.addresses import Address
    from joborch.agent.backends.seed.backend import SeedBackend

    assert settings.client is not None, "the settings see to that"  # noqa: S101 - a caller's bug
    upload, retrieve, kill = settings.client
    return SeedBackend(Address(submit=upload, retrieve=retrieve, kill=kill))


BACKENDS: Mapping[str, Maker] = {"local": _local, "seed": _seed}


def make_backend(settings: AgentSettings, directory: Path) -> Backend:
    """Make the backend that the settings ask for.

    Raises:
        SettingsError: if there is none of that name, or it lacks something.
    """
    if settings.backend not in BACKENDS:
        known = ", ".join(sorted(BACKENDS))
        raise SettingsError(f"backend={settings.backend!r}: there are {known}")
    return BACKENDS[settings.backend](settings, directory)
