"""The settings that a command line chooses. It asks no server, and loads nothing that would."""

import os
from pathlib import Path

from joborch.cli.exits import UsageError
from joborch.cli.options import Common
from joborch.client.places import config_path
from joborch.client.settings import ClientSettings, load_settings


def settings_of(options: Common, *, has_own_timeout: bool = False) -> ClientSettings:
    """Read the settings; with ``has_own_timeout``, ``--timeout`` is not about single requests."""
    return load_settings(
        flags={
            "server": options.server,
            "timeout": None if has_own_timeout else options.timeout,
            "time_format": _time_format(options),
        },
        config=Path(options.config) if options.config else None,
        profile=options.profile,
    )


def own_file(options: Common) -> Path:
    """Return the configuration file that is the person's own, and may be changed."""
    return Path(options.config) if options.config else config_path(os.environ)


def _time_format(options: Common) -> str | None:
    if options.utc and options.time_format not in {None, "utc"}:
        raise UsageError(f"--utc is --time-format utc, and not {options.time_format}")
    return "utc" if options.utc else options.time_format
