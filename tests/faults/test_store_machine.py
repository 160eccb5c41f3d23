"""The server's operations in any order, over a real database, against what must come of them.

Everyday runs take the same examples each time and show a failing one as it is, which is quick.
``HYPOTHESIS_PROFILE=explore`` looks for new ones and makes a failing one short, which can take
minutes: ``--timeout=0`` goes with it.
"""

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from joborch.domain.dependencies import Dependencies
from joborch.domain.errors import (
    DependencyError,
    IdempotencyError,
    SupersededError,
    WrongStateError,
)
from joborch.domain.states import JobState
from joborch.process.clock import Jumps
from joborch.server.operations import clean, lease
from joborch.wire.agents import Started
from tests.faults.machine import Machine, Offer, by_key, report_of
from tests.faults.sizes import size
from tests.faults.truths import read_books, wrong_results, wrongs
from tests.faults.verdicts import after_loss
from tests.faults.waits import wrong_waits
from tests.server.operations.operators import pauses, resumes

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

LOST_AFTER_S = 60
COMMITS_BEFORE_RESTART = 4
"""A restart takes as long as ten other steps."""
OUTCOMES = ("completed", "failed", "timed_out", "cancelled", "invalid", "lost")
EXPLORES = os.environ.get("HYPOTHESIS_PROFILE") == "explore"


class ServerLife(Machine):
    """All that can happen between two users, two agents and one server."""

    submitted = Bundle("submitted")
    offers = Bundle("offers")

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

    @rule(
        target=submitted,
        completed=st.lists(submitted, min_size=1, max_size=2),
        ended=st.lists(submitted, max_size=1),
        array=st.sampled_from([None, "1-2"]),
    )
    def a_submission_that_waits(
        self, completed: list[int], ended: list[int], array: str | None
    ) -> MultipleResults[int]:
        wanted = Dependencies(completed=tuple(completed), ended=tuple(ended))
        states = {one: self.books.jobs[one].state for one in wanted.members}
        submission = self.bench.submit(array=array, after=wanted.completed, after_any=wanted.ended)
        if any(s.is_terminal and not wanted.members[one].is_met_by(s) for one, s in states.items()):
            with pytest.raises(DependencyError):
                self.run(submission)
            return multiple()
        ids = [job.id for job in self.run(submission).jobs]
        self.accepted |= set(ids)
        self.wants |= dict.fromkeys(ids, wanted.members)
        return multiple(*ids)

    @rule(target=offers, number=st.integers(0, 1), is_answer_lost=st.booleans())
    def a_poll(self, number: int, is_answer_lost: bool) -> MultipleResults[Offer]:
        peer, before = self.peers[number], self.books.jobs
        held = {key for key, job in by_key(before) if job.agent_id == peer.agent.id}
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
            self.check_report(number, report_of(offer.lease, outcome))
        return multiple(*lost.values, *again.values)

    @rule(target=offers, number=st.integers(0, 1))
    def a_poll_during_a_pause(self, number: int) -> MultipleResults[Offer]:
        before = self.books.jobs
        self.run(pauses(self.bench))
        answered = self.a_poll(number, is_answer_lost=False)
        self.run(resumes(self.bench))
        new = [one.lease.job_id for one in answered.values]
        assert [job_id for job_id in new if before[job_id].state is JobState.QUEUED] == []
        return answered

    @rule(user=st.sampled_from(["ann", "bob"]), running=st.sampled_from([None, 0, 1, 3]))
    def a_quota(self, user: str, running: int | None) -> None:
        self.run(self.set_quota(user, running))

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
        said = report_of(offer.lease, outcome, is_start_told=is_start_told, has_results=has_results)
        self.check_report(offer.peer, said)
        if echo_by != "nobody":
            self.check_report(offer.peer if echo_by == "itself" else 1 - offer.peer, said)
        self.peers[offer.peer].known.pop((said.job_id, said.attempt), None)

    @rule(offer=offers, outcome=st.sampled_from(OUTCOMES))
    def a_report_by_another_agent(self, offer: Offer, outcome: str) -> None:
        self.check_report(1 - offer.peer, report_of(offer.lease, outcome))

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
            if job.gate_id is None:
                self.check_state(job.id, after_loss(job) if is_lost else job.state)

    @rule(number=st.integers(0, 1), keeps_memory=st.booleans())
    def an_agent_restarts(self, number: int, keeps_memory: bool) -> None:
        peer = self.peers[number]
        known = peer.known if keeps_memory else {}
        self.peers[number] = replace(peer, incarnation=peer.incarnation + 1, known=known)

    @precondition(lambda self: self.commits > COMMITS_BEFORE_RESTART)
    @rule()
    def the_server_restarts(self) -> None:
        self.run(self.stack.aclose())
        self.bench = self.run(self.open())
        for peer in self.peers:
            peer.heard_at = self.clock.monotonic()
        self.seen_commits = 0

    @rule(hours=st.sampled_from([0, 48]))
    def a_cleaning(self, hours: int) -> None:
        self.clock.advance(hours=hours)
        parts = self.bench.parts
        self.run(
            clean.clean(
                database=parts.database,
                blobs=parts.blobs,
                clock=self.clock,
                jumps=Jumps(self.clock),
                settings=parts.settings,
            )
        )

    @invariant()
    def the_books_are_right(self) -> None:
        parts = self.bench.parts
        if self.seen_commits == self.commits:
            assert wrong_results(self.books, self.data) == []
            return
        before, books = self.books, self.run(parts.database.read(read_books))
        assert wrongs(books, parts.catalog.limits(), self.rulings) == []
        assert wrong_results(books, self.data) == []
        assert [*wrong_waits(books.jobs, self.wants)] == []
        assert set(books.jobs) == self.accepted
        for job in before.jobs.values():
            if job.state.is_terminal:
                now = books.jobs[job.id]
                assert replace(now, results_removed_at=job.results_removed_at) == job
        self.books, self.seen_commits = books, self.commits


TestServerLife = ServerLife.TestCase
TestServerLife.settings = settings(
    max_examples=size(60, nightly=1_200),
    stateful_step_count=size(60, nightly=100),
    derandomize=not EXPLORES,
    phases=[Phase.generate, Phase.shrink] if EXPLORES else [Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
