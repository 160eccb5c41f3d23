"""All the attempts of an agent, and what the server's orders do to them.

Must not know how orders arrive, or how a single attempt comes to its end.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping

from joborch.agent.attempts import Attempt
from joborch.agent.backends.base import BackendError
from joborch.agent.endings import Cause, Ending, given_back, lost, rejected
from joborch.agent.overseeing import LOOK_AGAIN_S
from joborch.agent.payload import InvalidPayloadError
from joborch.agent.runs import Run
from joborch.agent.site import Site
from joborch.agent.snapshots import Snapshots
from joborch.process.loop import Loop
from joborch.wire.agents import (
    CancelOrder,
    KnownAttempt,
    Lease,
    PollAnswer,
    SnapshotOrder,
    StopOrder,
)

logger = logging.getLogger(__name__)

Key = tuple[int, int]


class Worker:
    """Every attempt on the agent's disk has its task in ``group``; so has every order."""

    def __init__(self, site: Site, snapshots: Snapshots, *, group: asyncio.TaskGroup) -> None:
        self._site = site
        self._snapshots = snapshots
        self._group = group
        self._runs: dict[Key, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._refused: set[Key] = set()
        self._postponed: dict[Key, Lease] = {}
        self.is_draining = False
        """Set: leases that still arrive are given back."""
        self.overdue = Loop("overdue attempts", self.end_overdue)
        """Runs :meth:`end_overdue` when it has to."""
        self.idle = asyncio.Event()
        """Set while there is no attempt here."""
        self.idle.set()
        self.taken = asyncio.Event()
        """Set once this process has taken a new attempt."""

    @property
    def known(self) -> list[KnownAttempt]:
        """The attempts that the server has to hear of, or has to be told of."""
        here = [run.attempt.known for run in self._runs.values() if not run.is_stopped]
        refused = [KnownAttempt(job_id=job, attempt=attempt) for job, attempt in self._refused]
        return here + refused

    @property
    def count(self) -> int:
        """How many attempts are here, running or on their way to the server."""
        return len(self._runs)

    def adopt(self) -> None:
        """Go on with what earlier processes of this agent left."""
        for attempt in self._site.spool.attempts():
            self._mark(attempt.key)
            self._begin(Run(attempt, self._site, is_new=False))
        if self._runs:
            logger.info("attempts taken over", extra={"attempts": len(self._runs)})

    def obey(self, answer: PollAnswer) -> bool:
        """Carry out what the server ordered; whether any of it was news."""
        obeyed = [self._accept(lease) for lease in answer.leases]
        obeyed += [self._cancel(order) for order in answer.cancels]
        obeyed += [self._stop(order) for order in answer.stops]
        for order in answer.snapshots:
            self._spawn(self._snapshot(order), name=f"snapshot of job {order.job_id}")
        self._follow(answer.follow)
        is_empty = not (obeyed or answer.snapshots)
        return is_empty or any(obeyed) or bool(answer.snapshots)

    def end_lapsed(self) -> None:
        """End as lost what was not started while its lease held, before the lease is renewed."""
        for run in self._runs.values():
            if run.has_lapsed:
                run.abandon(Cause.LEASE_LOST)

    async def end_overdue(self) -> float | None:
        """End the attempts that outlived their leases; returns when to look again, if ever.

        Their supervisors should have; this is for those that were stopped. It looks now and then
        even if nothing is due, because a timer stands still while the host is suspended.
        """
        left_s = [run.end_if_overdue() for run in self._runs.values()]
        return min(LOOK_AGAIN_S, *left_s) if left_s else None

    def stop_all(self) -> None:
        """End every attempt: none of them is this agent's any more."""
        for run in self._runs.values():
            run.stop()

    def abandon_all(self) -> None:
        """End every attempt as lost, so that the server gives it to another agent."""
        for run in self._runs.values():
            run.abandon()
            self._spawn(_ordered(run.enforce()), name=f"abandon {run.name}")

    def let_go(self) -> None:
        """End every task here; the attempts go on without this process."""
        for task in self._tasks:
            task.cancel()

    def _accept(self, lease: Lease) -> bool:
        key = (lease.job_id, lease.attempt)
        if run := self._runs.get(key):
            return self._renew(run, lease)
        if key in self._refused:
            return False
        if not self._allows(lease):
            self._refuse(lease, lost("was_here_before"))
            return True
        if self.is_draining:
            self._refuse(lease, given_back("its agent is draining"))
            return True
        attempt = self._materialised(lease)
        if isinstance(attempt, Ending):
            self._refuse(lease, attempt)
            return True
        logger.info("job accepted", extra={"job_id": key[0], "attempt": key[1]})
        self._begin(Run(attempt, self._site, is_new=True))
        self.taken.set()
        return True

    def _renew(self, run: Run, lease: Lease) -> bool:
        if run.is_stopped:
            # Another job of that number, from a server that counts from one again.
            self._postponed[run.attempt.key] = lease
            return False
        # Offered again because an answer was lost: only the newest token counts.
        return run.attempt.renew(lease)

    def _allows(self, lease: Lease) -> bool:
        return self._site.spool.marks.allows(lease.job_id, lease.attempt)

    def _materialised(self, lease: Lease) -> Attempt | Ending:
        folder = self._site.spool.folder_for(lease.job_id, lease.attempt)
        try:
            attempt = Attempt.create(folder, lease)
            self._site.spool.marks.raise_to(*attempt.key)
        except InvalidPayloadError as error:
            ending = rejected(error.message)
        except OSError as error:
            ending = lost(f"agent_disk: {error.strerror or error}")
        else:
            return attempt
        self._site.spool.discard(folder)
        return ending

    def _begin(self, run: Run) -> None:
        job_id, number = run.attempt.key
        older = [other for key, other in self._runs.items() if key[0] == job_id and key[1] < number]
        for other in older:
            other.stop()
        self._runs[run.attempt.key] = run
        self.idle.clear()
        self.overdue.wake()
        self._spawn(self._carry_out(run, older), name=run.name)

    async def _carry_out(self, run: Run, older: list[Run]) -> None:
        await run.carry_out(after=older)
        del self._runs[run.attempt.key]
        if lease := self._postponed.pop(run.attempt.key, None):
            self._accept(lease)
        if not self._runs:
            self.idle.set()

    def _refuse(self, lease: Lease, ending: Ending) -> None:
        self._refused.add((lease.job_id, lease.attempt))
        name = f"refuse {lease.job_id}-{lease.attempt}"
        self._spawn(self._give_back(lease, ending), name=name)

    async def _give_back(self, lease: Lease, ending: Ending) -> None:
        key = (lease.job_id, lease.attempt)
        logger.info("job refused", extra={"job_id": key[0], "reason": ending.reason})
        await self._site.delivery.give_back(lease, ending)
        self._mark(key)
        self._refused.discard(key)

    def _mark(self, key: Key) -> None:
        """Note an attempt that is not going to be started by this; without room, go on."""
        try:
            self._site.spool.marks.raise_to(*key)
        except OSError as error:
            fields = {"job_id": key[0], "error": error.strerror or str(error)}
            logger.warning("attempt not marked", extra=fields)

    def _cancel(self, order: CancelOrder) -> bool:
        run = self._runs.get((order.job_id, order.attempt))
        # Noted at once: an attempt that came with the same answer must not start any more.
        if run is None or not run.cancel(grace_s=order.grace_s):
            return False
        self._spawn(_ordered(run.enforce()), name=f"cancel {run.name}")
        return True

    def _stop(self, order: StopOrder) -> bool:
        run = self._runs.get((order.job_id, order.attempt))
        if run is None or run.is_stopped:
            return False
        run.stop()
        return True

    async def _snapshot(self, order: SnapshotOrder) -> None:
        run = self._runs.get((order.job_id, order.attempt))
        await self._snapshots.answer(order, run.attempt if run else None)

    def _spawn(self, work: Coroutine[None, None, None], *, name: str) -> None:
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _follow(self, wanted: Mapping[int, int]) -> None:
        runs = {key[0]: run for key, run in sorted(self._runs.items()) if key[0] in wanted}
        self._site.logs.follow(
            {
                job_id: (
                    run.attempt.lease.attempt,
                    wanted[job_id],
                    self._site.backend.log_paths(run.attempt.folder),
                )
                for job_id, run in runs.items()
            }
        )


async def _ordered(order: Coroutine[None, None, None]) -> None:
    """Carry out an order; one that the backend refuses is repeated by the server or is moot."""
    try:
        await order
    except BackendError as error:
        logger.warning("order not carried out", extra={"error": str(error)})
