"""Archives of jobs' directories as they are now, for whoever asks while the jobs run."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from joborch.agent.seed_api.shelf import Record, Shelf
from joborch.agent.threads import in_thread
from joborch.files.archive import pack

WAIT_S = 60.0

Key = tuple[int, int]


class _Request:
    """Somebody waits for a snapshot of an attempt; an open file, since the name goes at once."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.is_ordered = False
        self.archive: asyncio.Future[BinaryIO | None] = asyncio.get_running_loop().create_future()


class Partials:
    """Makes archives of what waits or has ended; asks the agent for those of what runs."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._requests: dict[str, _Request] = {}

    def asked(self, known: set[Key]) -> Iterator[tuple[str, Key]]:
        """Yield the requests that the agent has not been told of, for attempts that it has."""
        for request_id, request in self._requests.items():
            if request.key in known and not request.is_ordered:
                request.is_ordered = True
                yield request_id, request.key

    def fulfil(self, request_id: str, archive: Path) -> None:
        """Give the archive to whoever asked, if they still wait."""
        request = self._requests.get(request_id)
        if request and not request.archive.done():
            request.archive.set_result(archive.open("rb"))

    def refuse(self, request_id: str) -> None:
        """Tell whoever asked that there is nothing to be had."""
        request = self._requests.get(request_id)
        if request and not request.archive.done():
            request.archive.set_result(None)

    def ask(self, record: Record) -> str:
        """Note that a snapshot of a job's newest attempt is wanted; then wake the desk."""
        request_id = os.urandom(8).hex()
        self._requests[request_id] = _Request((record.job_id, record.attempt))
        return request_id

    async def answer(self, request_id: str) -> BinaryIO | None:
        """Wait for the snapshot; None if there is none to be had in good time."""
        request = self._requests[request_id]
        try:
            async with asyncio.timeout(WAIT_S):
                return await request.archive
        except TimeoutError:
            return None
        finally:
            del self._requests[request_id]

    async def of_inputs(self, record: Record) -> BinaryIO | None:
        """Archive the files of a job that waits; None if it has just ended."""
        archive = self._shelf.folder(record.job_id) / f"inputs-{os.urandom(8).hex()}.zip"
        try:
            await in_thread(partial(pack, self._shelf.files(record.job_id), archive))
            return archive.open("rb")
        except FileNotFoundError:
            return None
        finally:
            with suppress(FileNotFoundError):
                archive.unlink()
