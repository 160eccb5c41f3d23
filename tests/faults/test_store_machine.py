"""The server's operations in any order, over a real database, against what must come of them.

Everyday runs take the same examples each time and show a failing one as it is, which is quick.
``HYPOTHESIS_PROFILE=explore`` looks for new ones and makes a failing one short, which can take
minutes. ``FAULT_EXAMPLES`` says how many, ``FAULT_STEPS`` how long, ``--timeout=0`` goes with both.
"""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from joborch.domain.agents import Agent
from joborch.domain.errors import IdempotencyError, SupersededError, WrongStateError
from joborch.domain.jobs import Job
from joborch.domain.states import JobState
from joborch.server.operations import cancel, clean, lease, report
from joborch.wire.agents import KnownAttempt, Lease, Poll, PollAnswer, Report, ResultsSent, Started
from tests.faults import polls
from tests.faults.truths import read_books, wrong_results, wrongs
from tests.support.bench import Bench, a_bench
from tests.support.builders import FrozenClock

SERVICE = "example:per_user=2,max=3,lost_after=60s"
LOST_AFTER_S = 60
OUTCOMES = ("completed", "failed", "timed_out", "cancelled", "invalid", "lost")
EXPLORES = os.environ.get("HYPOTHESIS_PROFILE") == "explore"
EXAMPLES = int(os.environ.get("FAULT_EXAMPLES", "30"))
STEPS = int(os.environ.get("FAULT_STEPS", "50"))

T = TypeVar("T")
Key = tuple[int, int]
"""Job and attempt."""


@dataclass(slots=True)
class Peer:
    """An agent as its host sees it; what it knows, it may forget."""

    agent: Agent
    incarnation: int = 1
    known: dict[Key, Lease] = field(default_factory=dict)
    heard_at: float = 0.0
    """When the server last heard of it, on the server's clock."""
    newest_heard: int = 0
    """The newest incarnation that the server has heard of."""

    def says(self) -> Poll:
        known = [KnownAttempt(job_id=job, attempt=attempt) for job, attempt in self.known]
        return Poll(incarnation=self.incarnation, known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A lease as it once was given, to one agent."""

    peer: int
    lease: Lease


def after_loss(job: Job) -> JobState:
    """What becomes of a job of whose attempt nothing will come."""
    if job.cancel_requested_at:
        return JobState.CANCELLED
    return JobState.LOST if job.attempt >= job.max_attempts else JobState.QUEUED


def after_report(job: Job, outcome: str) -> JobState:
    """What becomes of a job whose holder reports the outcome."""
    if outcome == "lost" or (outcome == "cancelled" and not job.cancel_requested_at):
        return after_loss(job)
    if outcome == "invalid" and job.state is JobState.RUNNING:
        return JobState.FAILED
    return JobState(outcome)


def verdict(
    job: Job, outcome: str, *, attempt: int, is_holder: bool, is_newest_token: bool
) -> tuple[str, JobState]:
    """What a report is answered, and what its job is then."""
    if attempt != job.attempt or not is_holder or not is_newest_token:
        return "discard", job.state
    if job.state.is_terminal:
        return "already_recorded", job.state
    if job.state is JobState.QUEUED and outcome in {"lost", "cancelled"}:
        return "already_recorded", job.state
    return "recorded", after_report(job, outcome)


class ServerLife(RuleBasedStateMachine):
    """Two users, two agents, one server, and all that can happen between them."""

    submitted = Bundle("submitted")
    offers = Bundle("offers")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.data = Path(self.folder.name) / "data"
        self.clock = FrozenClock()
        self.stack = AsyncExitStack()
        self.bench = self.run(self.open())
        self.peers = [Peer(self.run(self.bench.agent(name, 2)).agent) for name in ("one", "two")]
        self.books = self.run(self.bench.parts.database.read(read_books))
        self.accepted: set[int] = set()
        self.keys: dict[tuple[str, str], tuple[object, list[int]]] = {}
        self.tokens: dict[int, str] = {}
        """The newest token that was given out for each job."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open(self) -> Bench:
        opened = a_bench(self.data, SERVICE, clock=self.clock, max_age="48h")
        return await self.stack.enter_async_context(opened)

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()

    @initialize(target=submitted)
    def something_to_do(self) -> MultipleResults[int]:
        return self.a_submission("ann", "1-3", None, 3)

    @rule(
        target=submitted,
        user=st.sampled_from(["ann", "bob"]),
        array=st.sampled_from([None, None, "1-3", "1-3%1"]),
        key=st.sampled_from([None, "monday", "tuesday"]),
        attempts=st.sampled_from([3, 1]),
    )
    def a_submission(
        self, user: str, array: str | None, key: str | None, attempts: int
    ) -> MultipleResults[int]:
        order = (array, attempts)
        earlier = self.keys.get((user, key or ""))
        submission = self.bench.submit(user=user, array=array, key=key, max_attempts=attempts)
        if earlier and earlier[0] != order:
            with pytest.raises(IdempotencyError):
                self.run(submission)
            return multiple()
        ids = [job.id for job in self.run(submission).jobs]
        if earlier:
            assert ids == earlier[1]
            return multiple()
        assert self.accepted.isdisjoint(ids)
        self.accepted |= set(ids)
        if key:
            self.keys[user, key] = (order, ids)
        return multiple(*ids)

    @rule(target=offers, number=st.integers(0, 1), is_answer_lost=st.booleans())
    def a_poll(self, number: int, is_answer_lost: bool) -> MultipleResults[Offer]:
        peer, before = self.peers[number], self.books.jobs
        held = {key for key, job in _by_key(before) if job.agent_id == peer.agent.id}
        answer = self.run(self.poll(peer))
        given = {(one.job_id, one.attempt): one for one in answer.leases}
        self.tokens |= {one.job_id: one.token for one in answer.leases}
        self.check_orders(peer, answer, held)
        assert self.held_now(peer) == held & set(peer.known) | set(given)
        if not is_answer_lost:
            stopped = {(one.job_id, one.attempt) for one in answer.stops}
            kept = {key: own for key, own in peer.known.items() if key not in stopped}
            peer.known = kept | given
        return multiple(*(Offer(peer=number, lease=one) for one in answer.leases))

    @rule(target=offers, number=st.integers(0, 1), outcome=st.sampled_from(OUTCOMES))
    def a_report_under_an_answer_that_came_too_late(
        self, number: int, outcome: str
    ) -> MultipleResults[Offer]:
        lost = self.a_poll(number, is_answer_lost=True)
        self.the_books_are_right()
        again = self.a_poll(number, is_answer_lost=False)
        for offer in lost.values:
            self.check_report(number, _report(offer.lease, outcome))
        return multiple(*lost.values, *again.values)

    @rule(number=st.integers(0, 1))
    def a_poll_of_an_older_process(self, number: int) -> None:
        peer = self.peers[number]
        if peer.newest_heard > 1:
            older = replace(peer, incarnation=peer.newest_heard - 1)
            with pytest.raises(SupersededError):
                self.run(self.poll(older))

    @rule(offer=offers)
    def a_start(self, offer: Offer) -> None:
        one, peer = offer.lease, self.peers[offer.peer]
        job = self.books.jobs[one.job_id]
        notice = Started(job_id=one.job_id, attempt=one.attempt, token=one.token, ago_s=0.0)
        parts = self.bench.parts
        self.run(lease.started(peer.agent, [notice], database=parts.database, clock=self.clock))
        is_current = job.attempt == one.attempt and self.tokens[job.id] == one.token
        begins = is_current and job.state is JobState.ASSIGNED
        self.check_state(job.id, JobState.RUNNING if begins else job.state)

    @rule(
        offer=offers,
        outcome=st.sampled_from([*OUTCOMES, "completed"]),
        is_start_told=st.booleans(),
        has_results=st.booleans(),
        echo_by=st.sampled_from(["nobody", "itself", "another"]),
    )
    def a_report(
        self,
        offer: Offer,
        outcome: str,
        is_start_told: bool,
        has_results: bool,
        echo_by: str,
    ) -> None:
        said = _report(offer.lease, outcome, is_start_told=is_start_told, has_results=has_results)
        self.check_report(offer.peer, said)
        if echo_by != "nobody":
            self.check_report(offer.peer if echo_by == "itself" else 1 - offer.peer, said)
        self.peers[offer.peer].known.pop((said.job_id, said.attempt), None)

    @rule(offer=offers, outcome=st.sampled_from(OUTCOMES))
    def a_report_by_another_agent(self, offer: Offer, outcome: str) -> None:
        self.check_report(1 - offer.peer, _report(offer.lease, outcome))

    @rule(job_id=submitted)
    def a_cancel(self, job_id: int) -> None:
        job = self.books.jobs[job_id]
        if job.state.is_terminal:
            with pytest.raises(WrongStateError):
                self.run(self.cancel(job_id))
            return
        now = self.run(self.cancel(job_id))
        assert now.cancel_requested_at is not None
        assert now.state is (JobState.CANCELLED if job.state is JobState.QUEUED else job.state)

    @rule(seconds=st.sampled_from([11, 30, 59, 60]))
    def some_time(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @rule(seconds=st.sampled_from([0, 30, 60]))
    def a_rescue(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        heard = {peer.agent.id: peer.heard_at for peer in self.peers}
        self.run(self.bench.rescue())
        for job in self.books.jobs.values():
            silent_s = self.clock.monotonic() - heard.get(job.agent_id or "", 1e9)
            is_lost = job.agent_id is not None and silent_s >= LOST_AFTER_S
            self.check_state(job.id, after_loss(job) if is_lost else job.state)

    @rule(number=st.integers(0, 1), keeps_memory=st.booleans())
    def an_agent_restarts(self, number: int, keeps_memory: bool) -> None:
        peer = self.peers[number]
        known = peer.known if keeps_memory else {}
        self.peers[number] = replace(peer, incarnation=peer.incarnation + 1, known=known)

    @rule()
    def the_server_restarts(self) -> None:
        self.run(self.stack.aclose())
        self.bench = self.run(self.open())
        for peer in self.peers:
            peer.heard_at = self.clock.monotonic()

    @rule(hours=st.sampled_from([0, 48]))
    def a_cleaning(self, hours: int) -> None:
        self.clock.advance(hours=hours)
        parts = self.bench.parts
        self.run(
            clean.clean(
                database=parts.database,
                blobs=parts.blobs,
                clock=self.clock,
                settings=parts.settings,
            )
        )

    @invariant()
    def the_books_are_right(self) -> None:
        parts = self.bench.parts
        before, books = self.books, self.run(parts.database.read(read_books))
        assert wrongs(books, parts.catalog.limits()) == []
        assert wrong_results(books, self.data) == []
        assert set(books.jobs) == self.accepted
        for job in before.jobs.values():
            if job.state.is_terminal:
                now = books.jobs[job.id]
                assert replace(now, results_removed_at=job.results_removed_at) == job
        self.books = books

    async def poll(self, peer: Peer) -> PollAnswer:
        said = peer.says()
        asking = await polls.begin(self.bench, peer.agent, said)
        await self.bench.dispatch()
        answer = await polls.time_out(self.bench, peer.agent, said, asking)
        peer.heard_at, peer.newest_heard = self.clock.monotonic(), peer.incarnation
        return answer

    async def cancel(self, job_id: int) -> Job:
        parts = self.bench.parts
        return await cancel.cancel(
            job_id, actor="user:ann", database=parts.database, roll=parts.roll, clock=parts.clock
        )

    def held_now(self, peer: Peer) -> set[Key]:
        books = self.run(self.bench.parts.database.read(read_books))
        return {key for key, job in _by_key(books.jobs) if job.agent_id == peer.agent.id}

    def check_orders(self, peer: Peer, answer: PollAnswer, held: set[Key]) -> None:
        jobs = dict(_by_key(self.books.jobs))
        late = {
            key
            for key in peer.known
            if key in jobs
            and jobs[key].state is JobState.QUEUED
            and jobs[key].last_agent_id == peer.agent.id
        }
        asked = {key for key in held & set(peer.known) if jobs[key].cancel_requested_at}
        stops = {(one.job_id, one.attempt) for one in answer.stops}
        assert stops == set(peer.known) - held - late
        assert asked <= {(one.job_id, one.attempt) for one in answer.cancels}
        assert len({one.job_id for one in answer.leases}) == len(answer.leases)

    def check_report(self, number: int, said: Report) -> None:
        agent, parts = self.peers[number].agent, self.bench.parts
        job = self.run(self.bench.job(said.job_id))
        expected = verdict(
            job,
            said.outcome,
            attempt=said.attempt,
            is_holder=job.last_agent_id == agent.id,
            is_newest_token=self.tokens[job.id] == said.token,
        )
        (reported,) = self.run(
            report.report(
                agent,
                [said],
                database=parts.database,
                blobs=parts.blobs,
                clock=self.clock,
                wake=lambda: None,
            )
        )
        now = self.run(self.bench.job(said.job_id))
        assert (reported.disposition, now.state) == expected

    def check_state(self, job_id: int, state: JobState) -> None:
        assert self.run(self.bench.job(job_id)).state is state


def _by_key(jobs: Any) -> list[tuple[Key, Job]]:
    return [((job.id, job.attempt), job) for job in jobs.values()]


def _report(
    one: Lease, outcome: str, *, is_start_told: bool = False, has_results: bool = True
) -> Report:
    data = f"{one.job_id}-{one.attempt} {one.token} {outcome}".encode()
    results = ResultsSent(size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), data=data)
    return Report(
        job_id=one.job_id,
        attempt=one.attempt,
        token=one.token,
        outcome=outcome,
        started_ago_s=1.0 if is_start_told else None,
        results=results if has_results else None,
    )


TestServerLife = ServerLife.TestCase
TestServerLife.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    derandomize=not EXPLORES,
    phases=[Phase.generate, Phase.shrink] if EXPLORES else [Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
