"""The desk between servers of the original and an agent: what it offers, and what it remembers."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from joborch.agent.seed_api import changes, desk
from joborch.agent.seed_api.book import Book
from joborch.agent.seed_api.desk import Desk
from joborch.agent.seed_api.partials import Partials
from joborch.agent.seed_api.shelf import Record, Shelf
from joborch.wire.agents import (
    CapacityView,
    Enrolment,
    KnownAttempt,
    Lease,
    Poll,
    PollAnswer,
    Report,
    ResultsSent,
)
from tests.support.builders import FrozenClock

ZIP = b"PK results"


class Counter:
    """A desk with an agent that is driven by hand; a new one over the same disk is a restart."""

    def __init__(self, home: Path, *, slots: int = 2) -> None:
        self.clock = FrozenClock()
        self.shelf = Shelf(home)
        self.book = Book(self.shelf, clock=self.clock)
        self.desk = Desk(self.book, Partials(self.shelf))
        self._slots = slots
        self._known: list[KnownAttempt] = []

    async def submit(self, **files: bytes) -> int:
        staged = await self.shelf.stage()
        for name, content in ({"run.sh": b"exit 0\n"} | files).items():
            await staged.begin(name)
            await staged.write(content)
            await staged.end()
        return (await self.book.add(staged)).job_id

    async def poll(self, *, knows: bool = True, draining: bool = False) -> PollAnswer:
        """Ask once as the agent would; it then knows what it was given, or lost the answer."""
        capacity = CapacityView(slots=self._slots)
        await self.desk.enrol(
            Enrolment(name="a", host="h", version="1", services={}, capacity=capacity)
        )
        asked = Poll(incarnation=1, known=self._known, draining=draining)
        answer = await self.desk.poll(asked)
        if knows:
            self._known += [KnownAttempt(job_id=x.job_id, attempt=x.attempt) for x in answer.leases]
        return answer

    async def take(self) -> list[tuple[int, int]]:
        return [(lease.job_id, lease.attempt) for lease in (await self.poll()).leases]

    async def report(self, key: tuple[int, int], outcome: str, *, data: bytes | None = ZIP) -> str:
        sent = ResultsSent(size_bytes=len(data), sha256="", data=data) if data else None
        report = Report(job_id=key[0], attempt=key[1], token="", outcome=outcome, results=sent)
        self._known = [one for one in self._known if (one.job_id, one.attempt) != key]
        return (await self.desk.report([report]))[0].disposition

    async def kill(self, job_id: int) -> Record:
        return await self.book.change(job_id, lambda record: changes.killed(record, 1.0))

    def record(self, job_id: int) -> Record:
        found = self.book.find(job_id)
        assert found is not None
        return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll for which there is nothing ends at once."""
    monkeypatch.setattr(desk, "HOLD_S", 0.05)


def run(story: Callable[[], Awaitable[Any]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]  # a story is a coroutine function


def test_jobs_are_offered_in_turn_as_far_as_there_are_slots(tmp_path: Path) -> None:
    async def story() -> None:
        counter = Counter(tmp_path, slots=2)
        ids = [await counter.submit() for _ in range(3)]
        assert await counter.take() == [(ids[0], 1), (ids[1], 1)]
        await counter.report((ids[0], 1), "completed")
        assert await counter.take() == [(ids[2], 1)]

    run(story)


def test_a_lost_answer_is_repeated_as_the_same_attempt(tmp_path: Path) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        job_id = await counter.submit()
        await counter.poll(knows=False)
        assert await counter.take() == [(job_id, 1)]

    run(story)


def test_a_lease_never_runs_out_and_has_all_files(tmp_path: Path) -> None:
    async def story() -> Lease:
        counter = Counter(tmp_path)
        await counter.submit(data=b"12345")
        (lease,) = (await counter.poll()).leases
        return lease

    lease = asyncio.run(story())
    assert lease.lost_after_s > 365 * 86400
    assert {file.name: file.size_bytes for file in lease.files} == {"run.sh": 7, "data": 5}


@pytest.mark.parametrize("outcome", ["completed", "failed", "timed_out", "cancelled", "invalid"])
def test_an_end_is_recorded_once_and_for_good(tmp_path: Path, outcome: str) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        job_id = await counter.submit()
        await counter.take()
        assert await counter.report((job_id, 1), outcome) == "recorded"
        assert await counter.report((job_id, 1), "failed") == "already_recorded"
        again = Counter(tmp_path).record(job_id)
        assert (again.outcome, again.results_bytes) == (outcome, len(ZIP))
        assert counter.shelf.results(job_id).read_bytes() == ZIP
        assert not counter.shelf.files(job_id).exists()

    run(story)


def test_what_was_lost_is_tried_three_times(tmp_path: Path, quick: None) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        job_id = await counter.submit()
        for attempt in (1, 2, 3):
            assert await counter.take() == [(job_id, attempt)]
            await counter.report((job_id, attempt), "lost", data=None)
        assert await counter.take() == []
        assert counter.record(job_id).outcome == "lost"

    run(story)


def test_what_was_given_back_is_tried_as_often_as_it_takes(tmp_path: Path) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        job_id = await counter.submit()
        for attempt in range(1, 6):
            assert await counter.take() == [(job_id, attempt)]
            await counter.report((job_id, attempt), "given_back", data=None)
        assert counter.record(job_id).losses == 0

    run(story)


def test_a_report_of_an_older_attempt_is_discarded(tmp_path: Path) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        job_id = await counter.submit()
        await counter.take()
        await counter.report((job_id, 1), "lost", data=None)
        assert await counter.report((job_id, 1), "completed") == "discard"
        await counter.take()
        assert await counter.report((job_id, 1), "completed") == "discard"
        assert counter.record(job_id).outcome is None

    run(story)


def test_results_that_have_not_arrived_are_asked_for_again(tmp_path: Path) -> None:
    async def story() -> None:
        counter = Counter(tmp_path / "desk")
        job_id = await counter.submit()
        await counter.take()
        sent = ResultsSent(size_bytes=len(ZIP), sha256="")
        report = Report(job_id=job_id, attempt=1, token="", outcome="completed", results=sent)
        assert (await counter.desk.report([report]))[0].disposition == "results_missing"
        archive = tmp_path / "results.zip"
        archive.write_bytes(ZIP)
        await counter.desk.upload_results(job_id, 1, "", archive)
        assert (await counter.desk.report([report]))[0].disposition == "recorded"
        archive.unlink()
        assert counter.shelf.results(job_id).read_bytes() == ZIP

    run(story)


def test_a_waiting_job_is_killed_at_once_and_never_offered(tmp_path: Path, quick: None) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        job_id = await counter.submit()
        assert (await counter.kill(job_id)).outcome == "cancelled"
        assert await counter.take() == []

    run(story)


def test_a_running_job_is_cancelled_through_the_agent_once(tmp_path: Path, quick: None) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        job_id = await counter.submit()
        await counter.take()
        await counter.kill(job_id)
        orders = (await counter.poll()).cancels
        assert [(order.job_id, order.attempt) for order in orders] == [(job_id, 1)]
        assert (await counter.poll()).cancels == []

    run(story)


def test_a_finished_job_stays_as_it_ended(tmp_path: Path) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        job_id = await counter.submit()
        await counter.take()
        await counter.report((job_id, 1), "completed")
        after = await counter.kill(job_id)
        assert (after.outcome, after.is_killed) == ("completed", False)

    run(story)


def test_an_attempt_that_is_nobodys_is_stopped(tmp_path: Path) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        counter._known = [KnownAttempt(job_id=9, attempt=1)]
        (stop,) = (await counter.poll()).stops
        assert (stop.job_id, stop.attempt) == (9, 1)

    run(story)


def test_a_draining_agent_is_given_nothing_new(tmp_path: Path, quick: None) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        await counter.submit()
        assert (await counter.poll(draining=True)).leases == []

    run(story)


def test_what_waits_survives_a_restart_and_ids_are_never_used_twice(tmp_path: Path) -> None:
    async def story() -> None:
        first = await Counter(tmp_path).submit()
        counter = Counter(tmp_path)
        assert await counter.take() == [(first, 1)]
        counter.shelf.forget(first)
        assert await Counter(tmp_path).submit() == first + 1

    run(story)


def test_a_job_that_was_never_answered_for_is_swept_away(tmp_path: Path) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        job_id = await counter.submit()
        (counter.shelf.folder(job_id) / "record.json").unlink()
        again = Counter(tmp_path)
        assert [*again.book] == []
        assert not again.shelf.folder(job_id).exists()
        assert await again.submit() == job_id + 1

    run(story)


def test_results_are_cleaned_by_their_end_and_forgotten_later(tmp_path: Path) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        done, running = await counter.submit(), await counter.submit()
        await counter.take()
        await counter.report((done, 1), "completed")
        counter.clock.advance(seconds=101)
        await counter.book.clean(max_age_s=100)
        assert counter.record(done).cleaned_at is not None
        assert not counter.shelf.results(done).exists()
        counter.clock.advance(seconds=101)
        await counter.book.clean(max_age_s=100)
        assert not counter.shelf.folder(done).exists()
        assert counter.record(running).outcome is None

    run(story)


def test_an_id_that_was_given_once_stays_known_since_servers_search_for_the_newest(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        counter = Counter(tmp_path)
        done = await counter.submit()
        await counter.take()
        await counter.report((done, 1), "completed")
        for _ in range(2):
            counter.clock.advance(seconds=101)
            await counter.book.clean(max_age_s=100)
        for book in (counter.book, Counter(tmp_path).book):
            forgotten = book.find(done)
            assert forgotten is not None
            assert (forgotten.outcome, forgotten.cleaned_at) == ("lost", 0.0)
            assert book.find(done + 1) is None
        assert await counter.kill(done) == counter.record(done), "it stays as it ended"
        assert not counter.shelf.folder(done).exists()

    run(story)
