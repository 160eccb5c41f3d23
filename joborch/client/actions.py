"""What the SDK can do to jobs that are there already: end, hold, change, submit them again."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from joborch.client.submission import new_key
from joborch.client.transport import Call, Transport
from joborch.wire.actions import (
    MOST_IDS,
    ActionResult,
    ActionResults,
    CancelJobs,
    JobAction,
    JobChanges,
    RetryRequest,
    about,
)
from joborch.wire.jobs import CancelRequest, JobView


class JobActions:
    """The part of :class:`~joborch.client.Orchestrator` that acts on jobs.

    ``by`` is everywhere the user who asks, for the jobs' history; nobody's if it is None.
    """

    _transport: Transport

    async def cancel(
        self,
        job_id: int,
        *,
        reason: str | None = None,
        grace: timedelta | None = None,
        by: str | None = None,
    ) -> JobView:
        """Ask for a job to end; it has ended only if the returned job says so.

        Raises:
            WrongStateError: if it had ended before; nothing changed.
        """
        request = CancelRequest(
            reason=reason, grace_s=grace.total_seconds() if grace is not None else None
        )
        call = _call("POST", f"/jobs/{job_id}/cancel", request, by=by)
        return await self._transport.ask(call, JobView)

    async def hold(self, job_id: int, *, by: str | None = None) -> JobView:
        """Keep a waiting job from starting until it is released; a held one stays held.

        Raises:
            WrongStateError: if it does not wait (any more).
        """
        call = _call("POST", f"/jobs/{job_id}/hold", by=by, is_repeatable=True)
        return await self._transport.ask(call, JobView)

    async def release(self, job_id: int, *, by: str | None = None) -> JobView:
        """Release a held job into its place in the line.

        Raises:
            WrongStateError: if it does not wait (any more).
        """
        call = _call("POST", f"/jobs/{job_id}/release", by=by, is_repeatable=True)
        return await self._transport.ask(call, JobView)

    async def amend(self, job_id: int, changes: JobChanges, *, by: str | None = None) -> JobView:
        """Give a waiting job new values: all of them, or none.

        Raises:
            WrongStateError: if it does not wait (any more).
            AttemptedError: if it was attempted, and so cannot be put off.
        """
        call = _call("PATCH", f"/jobs/{job_id}", changes, by=by, is_repeatable=True)
        return await self._transport.ask(call, JobView)

    async def retry(
        self,
        job_id: int,
        *,
        completed: bool = False,
        priority: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> JobView:
        """Submit a job that has ended again; returns the new job, whose tag ``retry_of`` names it.

        Safe to repeat: each call has an idempotency key, yours or a new one.

        Args:
            job_id: what to submit again, with the same files.
            completed: also if it completed.
            priority: of the new job; None: as before.
            key: the same again under one key makes one new job.
            by: who asks.

        Raises:
            WrongStateError: if it has not ended, or could not end better.
            PayloadGoneError: if its files were removed.
        """
        request = RetryRequest(completed=completed, priority=priority)
        call = _call("POST", f"/jobs/{job_id}/retry", request, key=key or new_key(), by=by)
        return await self._transport.ask(call, JobView)

    async def act(
        self, action: JobAction, *, key: str | None = None, by: str | None = None
    ) -> list[ActionResult]:
        """Do one thing to many jobs; returns a result for each, in their order.

        What is refused for one does not concern the others, and is told in its result.
        """
        wanted, results = [*dict.fromkeys(action.ids)], dict[int, ActionResult]()
        key = key or new_key()
        # What waits for others is newer than they, and would be cancelled for want of them.
        in_turn = sorted(wanted, reverse=True) if isinstance(action, CancelJobs) else wanted
        for ids in _portions(in_turn):
            portion = about(action, ids)
            # A second cancel would be refused for what the first one has ended.
            call = _call(
                "POST",
                "/jobs/actions",
                portion,
                key=key,
                by=by,
                is_repeatable=not isinstance(action, CancelJobs),
            )
            answer = await self._transport.ask(call, ActionResults)
            results |= {result.id: result for result in answer.results}
        return [results[job_id] for job_id in wanted]


def _portions(ids: Sequence[int]) -> list[list[int]]:
    return [[*ids[start : start + MOST_IDS]] for start in range(0, len(ids), MOST_IDS)]


def _call(
    method: str,
    path: str,
    body: msgspec.Struct | None = None,
    *,
    key: str | None = None,
    by: str | None = None,
    is_repeatable: bool | None = None,
) -> Call:
    """Write a request; with an idempotency key it may be repeated."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    headers |= {"Idempotency-Key": key} if key else {}
    return Call(
        method=method,
        path=f"/api/v1{path}",
        query={"by": by},
        headers=headers,
        content=None if body is None else lambda: msgspec.json.encode(body),
        is_repeatable=bool(key) if is_repeatable is None else is_repeatable,
    )
