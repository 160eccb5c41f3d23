"""One attempt, from the lease to the acknowledged report.

Everything that has to be remembered is in the attempt's directory, so that a :class:`Run` made by
a later process goes on where this one was. Must not know of other jobs, or of polls.
"""

import asyncio
import logging
from collections.abc import Sequence

from joborch.agent.attempts import Attempt
from joborch.agent.backends.base import Handle
from joborch.agent.endings import Cause, Ended, Ending, ending_of, given_back, lost
from joborch.agent.overseeing import LOOK_AGAIN_S, Overseer
from joborch.agent.site import Site
from joborch.agent.starting import rule_for, start

logger = logging.getLogger(__name__)

NOTICE_AFTER_S = 0.05
"""A job that is over sooner is not worth a notice that it started: its report comes at once."""


class Run:
    """An attempt under way. :meth:`carry_out` runs once, as a task of its own."""

    def __init__(self, attempt: Attempt, site: Site, *, is_new: bool) -> None:
        """Take charge of an attempt; ``is_new``: no earlier process can have submitted it."""
        self.attempt = attempt
        self.gone = asyncio.Event()
        """Set once nothing of the attempt runs and its directory is removed."""
        self._site = site
        self._is_new = is_new
        self._rule = rule_for(attempt, site)
        self._grace_s = self._rule.grace_s
        self._taken_at = site.clock.boottime()
        self._task: asyncio.Task[None] | None = None
        self._handle: Handle | None = None
        self.is_stopped = False
        """Whether it is somebody else's; the server need not hear of it any more."""
        self._abandoned_for: Cause | None = None
        self._called_off = asyncio.Event()
        self._overseer = Overseer(site.backend, enforce=self.enforce)
        self._cancel_grace_s: float | None = None

    @property
    def name(self) -> str:
        """What its task is called."""
        return "attempt {}-{}".format(*self.attempt.key)

    @property
    def has_lapsed(self) -> bool:
        """Whether its lease ran out before it was started: the server may have given it away.

        One that runs is ended by its supervisor.
        """
        renewed_at, now = self._site.spool.renewed_at, self._site.clock.boottime()
        return self._handle is None and not self._rule.allows_start(renewed_at=renewed_at, now=now)

    @property
    def log_fields(self) -> dict[str, object]:
        """Its ids, for the log."""
        return {"job_id": self.attempt.lease.job_id, "attempt": self.attempt.lease.attempt}

    async def carry_out(self, *, after: Sequence["Run"] = ()) -> None:
        """Do all that is left to do, and remove the attempt.

        ``after`` are older attempts of the same job, which have to be gone before this one starts.
        Cancelled from outside, it lets go: the attempt stays as it is, for a later process.
        """
        self._task = asyncio.current_task()
        try:
            for older in after:
                await older.gone.wait()
            if not self.is_stopped:
                await self._work()
        except asyncio.CancelledError:
            if not self.is_stopped or self._task is None:
                raise
            self._task.uncancel()
        except Exception:
            logger.exception("agent failed at an attempt", extra=self.log_fields)
            await self._end_quietly()
            await self._tell(lost("agent_error"))
        if self.is_stopped:
            await self._end_quietly()
            logger.info("attempt stopped", extra=self.log_fields)
        await self._site.spool.retire(self.attempt.folder, was_stopped=self.is_stopped)
        self.gone.set()

    def cancel(self, *, grace_s: float | None) -> bool:
        """Order it to end as cancelled; whether that is news. Then let :meth:`enforce` run.

        From now on it will not be started. One that has ended by itself stays as it is; repeating
        the order changes nothing, except that a grace of 0 kills at once.
        """
        grace_s = self._grace_s if grace_s is None else grace_s
        if self._cancel_grace_s is not None and (grace_s > 0 or self._cancel_grace_s == 0):
            return False
        logger.info("cancel ordered", extra=self.log_fields)
        self._cancel_grace_s = grace_s
        self._called_off.set()
        self._overseer.expect_end(Cause.CANCELLED, within_s=grace_s)
        return True

    def abandon(self, cause: Cause = Cause.SHUTDOWN) -> None:
        """Order it to end as lost, so that another agent can run it. Then :meth:`enforce`."""
        self._abandoned_for = cause
        self._called_off.set()
        self._overseer.expect_end(Cause.SHUTDOWN, within_s=self._grace_s)

    def end_if_overdue(self) -> float:
        """End it if it has outlived its lease, which means that its supervisor was stopped.

        Returns in how many seconds this is to be asked again.
        """
        renewed_at, now = self._site.spool.renewed_at, self._site.clock.boottime()
        left_s = self._rule.force_in_s(renewed_at=renewed_at, taken_at=self._taken_at, now=now)
        if left_s > 0:
            return left_s
        self._overseer.expect_end_now(Cause.LEASE_LOST)
        return LOOK_AGAIN_S

    async def enforce(self) -> None:
        """Pass an order on to the backend; one that it does not have yet is told when it has."""
        if self._handle is None:
            return
        if self._cancel_grace_s is not None:
            await self._site.backend.cancel(self._handle, grace_s=self._cancel_grace_s)
        elif self._abandoned_for:
            await self._site.backend.shut_down(self._handle)

    def stop(self) -> None:
        """End it at once, keep nothing and report nothing: it is somebody else's now."""
        if self.is_stopped:
            return
        self.is_stopped = True
        if self._task:
            self._task.cancel()

    async def _work(self) -> None:
        ending = self.attempt.ending()
        if ending is None:
            ending = await self._run_to_its_end()
            ending = await self._site.delivery.pack(self.attempt, ending)
            if self._handle is None or not self._site.delivery.is_inline(ending):
                # Else the backend remembers the end, and small results are packed again quickly.
                self._settle(ending)
        await self._tell(ending)

    def _settle(self, ending: Ending) -> None:
        """Keep the ending. Without room, a later process starts nothing, or packs once more."""
        try:
            self.attempt.settle(ending)
        except OSError as error:
            logger.warning("ending not kept", extra={**self.log_fields, "error": str(error)})
            if self._handle is None:
                self.attempt.disown()

    async def _run_to_its_end(self) -> Ending:
        """Start it, or take it over from wherever an earlier process left it."""
        backend = self._site.backend
        if not self._is_new:
            self._handle = await backend.recover(self.attempt.folder)
        if self._handle is None:
            begun = await start(
                self.attempt,
                self._site,
                objection=self._objection,
                called_off=self._called_off,
            )
            if isinstance(begun, Ending):
                return begun
            self._handle = begun
            logger.debug("attempt started", extra=self.log_fields)
        ended = await self._watch(self._handle)
        await backend.collect(self._handle)
        return ending_of(ended)

    async def _watch(self, handle: Handle) -> Ended:
        """Wait for the end; an order that came while it was being started is carried out now."""
        await self.enforce()
        self._expect_time_limit(handle)
        notice = asyncio.get_running_loop().call_later(
            NOTICE_AFTER_S, self._site.delivery.notice_start, self.attempt, handle.started_at
        )
        try:
            return await self._overseer.ended(handle)
        finally:
            notice.cancel()

    def _expect_time_limit(self, handle: Handle) -> None:
        if (limit_s := self.attempt.lease.time_limit_s) is not None:
            ran_s = self._site.clock.now().timestamp() - handle.started_at
            self._overseer.expect_end(Cause.TIMED_OUT, within_s=limit_s - ran_s + self._grace_s)

    def _objection(self) -> Ending | None:
        if self._cancel_grace_s is not None:
            return Ending(outcome="cancelled", reason="cancelled before it started")
        return given_back(self._abandoned_for.value) if self._abandoned_for else None

    async def _tell(self, ending: Ending) -> None:
        disposition = await self._site.delivery.deliver(self.attempt, ending)
        fields = {**self.log_fields, "outcome": ending.outcome, "disposition": disposition}
        logger.info("attempt reported", extra=fields)

    async def _end_quietly(self) -> None:
        """End whatever runs of it. It may be running though there is no handle for it yet."""
        try:
            await self._end()
        except Exception:
            # One attempt that cannot be ended must not take all others with it.
            logger.exception("attempt not ended", extra=self.log_fields)

    async def _end(self) -> None:
        backend = self._site.backend
        self._handle = self._handle or await backend.recover(self.attempt.folder)
        # What was taken away may be running somewhere else already.
        grace_s = 0.0 if self.is_stopped else self._grace_s
        if self._handle:
            self._overseer.expect_end(Cause.CANCELLED, within_s=grace_s)
            await backend.cancel(self._handle, grace_s=grace_s)
            await self._overseer.ended(self._handle)
