"""What is known of the jobs that an original server has handed over, and how that may change.

In memory and on the shelf; a change is on disk before anybody sees it.
"""

import asyncio
from collections.abc import Callable, Iterator

import msgspec

from joborch.agent.seed_api.shelf import Record, Shelf
from joborch.files.staging import Staged
from joborch.process.clock import Clock


class Book:
    """All records, by job."""

    def __init__(self, shelf: Shelf, *, clock: Clock) -> None:
        self.shelf = shelf
        self._clock = clock
        self._records = {record.job_id: record for record in shelf.records()}
        self._writing = asyncio.Lock()

    def __iter__(self) -> Iterator[Record]:
        """Yield the records as they are now, oldest job first."""
        return iter([*self._records.values()])

    def find(self, job_id: int) -> Record | None:
        """Return what is known of a job; None if its id was never given.

        What was forgotten is still known to have been there, as the original's clients know it:
        a server finds out by it, since ids have no gaps, which of them has its job.
        """
        if (record := self._records.get(job_id)) is not None:
            return record
        return _forgotten(job_id) if 1 <= job_id <= self.shelf.last_id else None

    def now(self) -> float:
        """Return the time as records have it."""
        return self._clock.now().timestamp()

    async def add(self, staged: Staged) -> Record:
        """Give an upload an id and keep it; OSError if it cannot be kept."""
        async with self._writing:
            record = await asyncio.to_thread(self.shelf.publish, staged, now=self.now())
            self._records[record.job_id] = record
        return record

    async def change(self, job_id: int, change: Callable[[Record], Record]) -> Record:
        """Replace a record by what ``change`` makes of it, and return it.

        Nothing else changes meanwhile. OSError, and nothing has changed, if it cannot be kept.
        """
        async with self._writing:
            before = self._records.get(job_id) or _forgotten(job_id)
            after = change(before)
            if after is not before:
                await asyncio.to_thread(self.shelf.save, after)
                self._records[job_id] = after
        return after

    async def clean(self, *, max_age_s: float) -> None:
        """Remove the results of jobs that ended so long ago; as long after that, the rest."""
        now = self.now()
        for record in self:
            if _is_older(record.cleaned_at, now - max_age_s):
                await self._forget(record.job_id)
            elif record.cleaned_at is None and _is_older(record.finished_at, now - max_age_s):
                await self.change(record.job_id, lambda old: _cleaned(old, now))
                await asyncio.to_thread(self.shelf.remove_results, record.job_id)

    async def _forget(self, job_id: int) -> None:
        async with self._writing:
            await asyncio.to_thread(self.shelf.forget, job_id)
            del self._records[job_id]


def _forgotten(job_id: int) -> Record:
    """Return what is left of a job of which nothing is: that it has ended, and was cleaned."""
    return Record(
        job_id=job_id, files=[], received_at=0.0, is_waiting=False, outcome="lost", cleaned_at=0.0
    )


def _is_older(at: float | None, than: float) -> bool:
    return at is not None and at < than


def _cleaned(record: Record, now: float) -> Record:
    return msgspec.structs.replace(record, cleaned_at=now, results_bytes=None)
