"""Showing the working directory of a running job to somebody who asked for it."""

import logging
import os
from functools import partial
from pathlib import Path

from joborch.agent.attempts import Attempt
from joborch.agent.backends.base import Backend, BackendError
from joborch.agent.link import ServerLink
from joborch.agent.results import limits_for
from joborch.agent.threads import in_thread
from joborch.domain.errors import JoborchError
from joborch.files.archive import pack
from joborch.wire.agents import SnapshotOrder

logger = logging.getLogger(__name__)


class Snapshots:
    """Answers orders for snapshots, one try each: whoever asked will ask again."""

    def __init__(self, link: ServerLink, *, backend: Backend, max_results: int) -> None:
        self._link = link
        self._backend = backend
        self._limits = limits_for(max_results)

    async def answer(self, order: SnapshotOrder, attempt: Attempt | None) -> None:
        """Pack the directory as it is and send it, or say that there is none."""
        try:
            archive = await self._packed(attempt) if attempt else None
            if archive is None:
                await self._link.refuse_snapshot(order.request_id)
                return
            try:
                await self._link.send_snapshot(order.request_id, archive)
            finally:
                archive.unlink(missing_ok=True)
        except JoborchError as error:
            logger.debug("snapshot not delivered", extra={"error": str(error)})

    async def _packed(self, attempt: Attempt) -> Path | None:
        archive = attempt.folder / f"snapshot-{os.urandom(8).hex()}.zip"
        try:
            async with self._backend.seen(attempt.folder) as directory:
                await in_thread(partial(pack, directory, archive, limits=self._limits))
        except (OSError, BackendError) as error:
            logger.warning("snapshot not made", extra={"error": str(error)})
            return None
        return archive
