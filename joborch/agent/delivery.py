"""Bringing the end of an attempt, and what it left, to the server."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from joborch.agent.attempts import Attempt
from joborch.agent.backoff import BackOff
from joborch.agent.endings import Ending, lost
from joborch.agent.logs import LogSender
from joborch.agent.outbox import Outbox
from joborch.agent.results import is_as_packed, limits_for, pack_results
from joborch.agent.threads import in_thread
from joborch.agent.transfers import Transfers
from joborch.domain.errors import JoborchError, TooLargeError
from joborch.files.atomic import read_plain
from joborch.process.clock import Clock
from joborch.wire.agents import Lease, Report, Started

logger = logging.getLogger(__name__)

FINAL = frozenset({"recorded", "already_recorded", "discard"})
RESULTS_MISSING = "results_missing"
PACK_TRIES = 4


class Delivery:
    """Packs, uploads and reports for all attempts of an agent."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        transfers: Transfers,
        logs: LogSender,
        log_paths: Callable[[Path], Mapping[str, Path]],
        agent_name: str,
        max_results: int,
        clock: Clock,
    ) -> None:
        self._outbox = outbox
        self._transfers = transfers
        self._logs = logs
        self._log_paths = log_paths
        self._agent_name = agent_name
        self._limits = limits_for(max_results)
        self._clock = clock

    def notice_start(self, attempt: Attempt, started_at: float) -> None:
        """Tell, when it suits, that an attempt has been running since then."""

        def make() -> Started:
            lease = attempt.lease
            ago_s = max(0.0, self._now() - started_at)
            return Started(
                job_id=lease.job_id, attempt=lease.attempt, token=lease.token, ago_s=ago_s
            )

        self._outbox.notice(attempt.key, make)

    async def give_back(self, lease: Lease, ending: Ending) -> None:
        """Tell that a lease will not be carried out, until the server has acknowledged it."""

        def make() -> Report:
            return ending.report(lease, now=self._now(), data=None)

        await self._outbox.report((lease.job_id, lease.attempt), make)

    async def pack(self, attempt: Attempt, ending: Ending) -> Ending:
        """Pack the results; if the disk has no room for them, the attempt is lost.

        A job that has removed the whole attempt has no results.
        """
        back_off = BackOff()
        for _ in range(PACK_TRIES):
            try:
                return await self._packed(attempt, ending)
            except (FileNotFoundError, NotADirectoryError):
                return ending
            except OSError as error:
                logger.warning("results not packed", extra={"error": str(error)})
                hindrance = error.strerror or str(error)
            await back_off.pause()
        return lost(f"agent_disk: {hindrance}")

    async def _packed(self, attempt: Attempt, ending: Ending) -> Ending:
        logs = self._log_paths(attempt.folder)
        name, limits = self._agent_name, self._limits
        return await pack_results(attempt, ending, logs=logs, agent_name=name, limits=limits)

    def is_inline(self, ending: Ending) -> bool:
        """Whether the results, if there are any, travel inside the report."""
        return (ending.results_bytes or 0) <= self._transfers.inline_bytes

    async def deliver(self, attempt: Attempt, ending: Ending) -> str:
        """Send results and report until the server has acknowledged them; return what it said."""
        await self._logs.finish(attempt.lease.job_id)
        back_off = BackOff()
        while True:
            ending = await self._with_results_there(attempt, ending)
            disposition = await self._report(attempt, ending)
            if disposition in FINAL:
                return disposition
            logger.warning("report to be repeated", extra={"disposition": disposition})
            if disposition == RESULTS_MISSING:
                ending = await self._undamaged(attempt, ending)
            await back_off.pause()

    async def _with_results_there(self, attempt: Attempt, ending: Ending) -> Ending:
        """Upload results that are too large for the report; drop what the server will not take."""
        if self.is_inline(ending):
            return ending
        if ending.outcome == "lost":
            return _without_results(ending)
        try:
            await self._transfers.upload_results(attempt)
        except TooLargeError as error:
            reason = f"results_too_large: {error.message}"
            failed = msgspec.structs.replace(ending, outcome="failed", reason=reason)
            return _without_results(failed)
        except JoborchError as error:
            logger.warning("results refused by the server", extra={"error": str(error)})
            return _without_results(ending)
        return ending

    async def _undamaged(self, attempt: Attempt, ending: Ending) -> Ending:
        """Pack once more what this host's disk has spoilt: the server would never take it."""
        if await in_thread(lambda: is_as_packed(attempt, ending)):
            return ending
        logger.warning("results are damaged and packed again", extra=_ids(attempt))
        packed = await self.pack(attempt, _without_results(ending))
        if packed.results_bytes is None:
            packed = lost("agent_disk: its results were damaged")
        try:
            attempt.settle(packed)
        except OSError as error:  # a later process finds the damage again
            logger.warning("ending not kept", extra={**_ids(attempt), "error": str(error)})
        return packed

    async def _report(self, attempt: Attempt, ending: Ending) -> str:
        is_inline = ending.results_bytes is not None and self.is_inline(ending)
        # Small, and just written: reading it takes less than handing it to a thread would.
        data = read_plain(attempt.results_path) if is_inline else None

        def make() -> Report:
            return ending.report(attempt.lease, now=self._now(), data=data)

        reported = await self._outbox.report(attempt.key, make, size_bytes=len(data or b""))
        return reported.disposition

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _ids(attempt: Attempt) -> dict[str, object]:
    return {"job_id": attempt.lease.job_id, "attempt": attempt.lease.attempt}


def _without_results(ending: Ending) -> Ending:
    return msgspec.structs.replace(ending, results_bytes=None, results_sha256=None)
