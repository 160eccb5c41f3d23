"""The settings that a command line chooses. It asks no server, and loads nothing that would."""

from pathlib import Path

from joborch.cli.options import Common
from joborch.client.settings import ClientSettings, load_settings


def settings_of(options: Common, *, has_own_timeout: bool = False) -> ClientSettings:
    """Read the settings; with ``has_own_timeout``, ``--timeout`` is not about single requests."""
    return load_settings(
        flags={
            "server": options.server,
            "timeout": None if has_own_timeout else options.timeout,
        },
        config=Path(options.config) if options.config else None,
        profile=options.profile,
    )
