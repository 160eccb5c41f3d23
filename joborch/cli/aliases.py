"""Commands of a person's own: ``[alias]`` in the configuration file."""

import os
import shlex
from pathlib import Path

from joborch.cli.options import Common
from joborch.client.settings import read_files
from joborch.domain.errors import SettingsError


def expansion(name: str, options: Common) -> list[str] | None:
    """Return the words that an alias stands for; None if there is no such alias."""
    config = Path(options.config) if options.config else None
    for file in read_files(config, os.environ):
        if name in file.aliases:
            return _words(name, file.aliases[name])
    return None


def _words(name: str, text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise SettingsError(f"alias {name!r} cannot be read: {error}") from error
    if not words:
        raise SettingsError(f"alias {name!r} stands for nothing")
    return words
