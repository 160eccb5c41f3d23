"""Directories of running jobs that somebody waits for and an agent is to send."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from joborch.domain.errors import SnapshotNotFoundError


class Snapshots:
    """The requests under way, by their random id."""

    def __init__(self) -> None:
        self._expected: dict[str, tuple[str, asyncio.Future[Path | None]]] = {}

    @contextmanager
    def expect(self, request_id: str, agent_id: str) -> "Iterator[asyncio.Future[Path | None]]":
        """Wait for a snapshot from this agent: its path, or None if it has no such attempt."""
        arrived: asyncio.Future[Path | None] = asyncio.get_running_loop().create_future()
        self._expected[request_id] = (agent_id, arrived)
        try:
            yield arrived
        finally:
            del self._expected[request_id]

    async def receive(
        self, request_id: str, agent_id: str, chunks: AsyncIterator[bytes], path: Path
    ) -> None:
        """Write what an agent sends to ``path`` and hand it to who waits.

        Raises:
            SnapshotNotFoundError: nobody waits for it (any more); nothing is left on disk.
        """
        self._waiting(request_id, agent_id)
        try:
            with path.open("xb") as file:
                async for chunk in chunks:
                    await asyncio.to_thread(file.write, chunk)
            self._waiting(request_id, agent_id).set_result(path)
        except BaseException:
            path.unlink(missing_ok=True)  # noqa: ASYNC240 - one quick call, also when cancelled
            raise

    def refuse(self, request_id: str, agent_id: str) -> None:
        """The agent has no such attempt.

        Raises:
            SnapshotNotFoundError: nobody waits for it (any more).
        """
        self._waiting(request_id, agent_id).set_result(None)

    def _waiting(self, request_id: str, agent_id: str) -> "asyncio.Future[Path | None]":
        expected_of, arrived = self._expected.get(request_id, ("", None))
        if arrived is None or arrived.done() or expected_of != agent_id:
            raise SnapshotNotFoundError(f"nobody waits for snapshot {request_id}")
        return arrived
