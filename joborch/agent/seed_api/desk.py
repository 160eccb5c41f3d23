"""The place of a joborch server for jobs that an original server has handed over.

To the agent it is a :class:`~joborch.agent.link.ServerLink` like any other: it offers leases, gives
orders and takes reports, with no network in between. So these jobs are ordinary runs, with the
same supervisors and limits, and are adopted after a restart. Nobody else could run them instead, so
their leases never run out.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from joborch.agent.seed_api import changes
from joborch.agent.seed_api.book import Book
from joborch.agent.seed_api.partials import Partials
from joborch.agent.seed_api.shelf import Record
from joborch.domain.errors import NotFoundError, UnavailableError
from joborch.wire.agents import (
    CancelOrder,
    Enrolled,
    Enrolment,
    KnownAttempt,
    Lease,
    Poll,
    PollAnswer,
    Report,
    Reported,
    SnapshotOrder,
    Started,
    StopOrder,
)
from joborch.wire.events import LogChunk

logger = logging.getLogger(__name__)

HOLD_S = 300.0
ENDLESS_S = 10 * 365 * 86400.0
ACCOUNT = "original"
"""Stands for user and service, of which an original's client is not told."""

Key = tuple[int, int]
"""Job and attempt."""


class Desk:
    """One agent works for it. What was answered or acknowledged here is on disk."""

    def __init__(self, book: Book, partials: Partials) -> None:
        self._book = book
        self._partials = partials
        self._slots = 0
        self._news = asyncio.Event()
        self._started: set[Key] = set()
        self._cancelled: set[Key] = set()
        """Whose end has been ordered of this process."""

    def wake(self) -> None:
        """Look again whether there is something to do: a job came, or an order."""
        self._news.set()

    def is_running(self, record: Record) -> bool:
        """Whether the job's newest attempt is known to have started."""
        return record.outcome is None and (record.job_id, record.attempt) in self._started

    async def enrol(self, enrolment: Enrolment) -> Enrolled:
        """Accept the agent; it is the only one."""
        self._slots = enrolment.capacity.slots
        return Enrolled(agent_id="listener", key="", poll_s=HOLD_S)

    async def poll(self, poll: Poll) -> PollAnswer:
        """Answer with what there is to do, as soon as there is something."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HOLD_S):
                while True:
                    self._news.clear()
                    if answer := await self._orders(poll):
                        return answer
                    await self._news.wait()
        return PollAnswer()

    async def started(self, notices: Sequence[Started]) -> None:
        """Note which attempts run."""
        self._started |= {(notice.job_id, notice.attempt) for notice in notices}

    async def report(self, reports: Sequence[Report]) -> list[Reported]:
        """Record how attempts ended.

        Raises:
            UnavailableError: the disk would not take it; nothing of that report was recorded.
        """
        try:
            return [await self._record(report) for report in reports]
        except OSError as error:
            raise UnavailableError(f"the end of a job cannot be kept: {error}") from error
        finally:
            self.wake()

    async def send_logs(self, chunks: Sequence[LogChunk]) -> list[int]:
        """Follow nothing: the original has no logs."""
        return []

    async def fetch_payload_file(
        self, payload_id: str, name: str, into: Path, *, size_bytes: int | None = None
    ) -> None:
        """Copy an input; the original is kept until the job has ended."""
        try:
            await asyncio.to_thread(self._book.shelf.copy_input, int(payload_id), name, into)
        except FileNotFoundError as error:
            raise NotFoundError(f"job {payload_id} has no file {name!r}") from error
        except OSError as error:
            raise UnavailableError(f"an input cannot be copied: {error}") from error

    async def upload_results(self, job_id: int, attempt: int, token: str, archive: Path) -> None:
        """Take over an archive; it counts with the report that names it."""
        try:
            await asyncio.to_thread(self._book.shelf.take_results, job_id, attempt, archive)
        except OSError as error:
            raise UnavailableError(f"results cannot be kept: {error}") from error

    async def send_snapshot(self, request_id: str, archive: Path) -> None:
        """Hand a snapshot to whoever waits for it."""
        self._partials.fulfil(request_id, archive)

    async def refuse_snapshot(self, request_id: str) -> None:
        """Tell whoever waits that there is none."""
        self._partials.refuse(request_id)

    async def _orders(self, poll: Poll) -> PollAnswer | None:
        known = {(one.job_id, one.attempt) for one in poll.known}
        answer = PollAnswer(
            leases=await self._leases(known, takes_more=not poll.draining),
            cancels=self._cancels(known),
            stops=[self._stop(one) for one in poll.known if not self._is_current(one)],
            snapshots=[
                SnapshotOrder(request_id=request, job_id=key[0], attempt=key[1])
                for request, key in self._partials.asked(known)
            ],
        )
        is_something = answer.leases or answer.cancels or answer.stops or answer.snapshots
        return answer if is_something else None

    async def _leases(self, known: set[Key], *, takes_more: bool) -> list[Lease]:
        """Offer again what the agent should have and does not know, then what waits."""
        given = [one for one in self._book if one.outcome is None and not one.is_waiting]
        leases = [_lease(one) for one in given if (one.job_id, one.attempt) not in known]
        free = self._slots - len(given) if takes_more else 0
        for one in [one for one in self._book if one.is_waiting][: max(free, 0)]:
            taken = await self._book.change(one.job_id, changes.given)
            if not taken.is_waiting and taken.outcome is None:
                leases.append(_lease(taken))
        return leases

    def _cancels(self, known: set[Key]) -> list[CancelOrder]:
        killed = {(one.job_id, one.attempt) for one in self._book if one.is_killed}
        due = (killed & known) - self._cancelled
        self._cancelled |= due
        return [CancelOrder(job_id=job_id, attempt=attempt) for job_id, attempt in sorted(due)]

    def _is_current(self, one: KnownAttempt) -> bool:
        record = self._book.find(one.job_id)
        return record is not None and record.attempt == one.attempt

    def _stop(self, one: KnownAttempt) -> StopOrder:
        return StopOrder(job_id=one.job_id, attempt=one.attempt)

    async def _record(self, report: Report) -> Reported:
        disposition = await self._settle(report)
        return Reported(job_id=report.job_id, attempt=report.attempt, disposition=disposition)

    async def _settle(self, report: Report) -> str:
        record = self._book.find(report.job_id)
        if record is None or record.attempt != report.attempt or record.is_waiting:
            return "discard"
        if record.outcome is not None:
            return "already_recorded"
        if not await asyncio.to_thread(self._book.shelf.keep_results, report):
            return "results_missing"
        now = self._book.now()
        ended = await self._book.change(report.job_id, lambda old: changes.ended(old, report, now))
        if ended.outcome is not None:
            logger.info("job ended", extra={"job_id": ended.job_id, "outcome": ended.outcome})
            await asyncio.to_thread(self._book.shelf.drop_files, ended.job_id)
        return "recorded"


def _lease(record: Record) -> Lease:
    return Lease(
        job_id=record.job_id,
        attempt=record.attempt,
        token="",
        user_id=ACCOUNT,
        service=ACCOUNT,
        name=f"job-{record.job_id}",
        payload_id=str(record.job_id),
        files=record.files,
        env={},
        lost_after_s=ENDLESS_S,
    )
