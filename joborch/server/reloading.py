"""SIGHUP: what services are like is read anew, and the server and its jobs go on."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable

from joborch.domain.errors import SettingsError
from joborch.server.live.catalog import Catalog
from joborch.server.settings import ServerSettings

logger = logging.getLogger(__name__)


class Reloading:
    """What a hang-up does. Where the terminal is gone that the server was started on, it ends."""

    def __init__(
        self,
        read: Callable[[], ServerSettings],
        *,
        catalog: Catalog,
        wake: Callable[[], None],
        stopping: asyncio.Event,
    ) -> None:
        """Do nothing yet; ``read`` reads the settings as they were read at the start."""
        self._read = read
        self._catalog = catalog
        self._wake = wake
        self._stopping = stopping
        self._has_terminal = _is_terminal()

    def __call__(self) -> None:
        """Reload. Settings with mistakes are logged, and everything stays as it was."""
        if self._has_terminal and not _is_terminal():
            self._stopping.set()
            return
        try:
            settings = self._read()  # a small file; nothing else is done meanwhile
        except SettingsError:
            logger.exception("services not reloaded")
            return
        self._catalog.reload(settings.services)
        self._wake()  # there may be room now
        logger.info(
            "services reloaded", extra={"services": [one.name for one in settings.services]}
        )


def _is_terminal() -> bool:
    try:
        return os.isatty(sys.stdin.fileno())
    except (OSError, ValueError, AttributeError):
        return False  # there is no such stream any more
