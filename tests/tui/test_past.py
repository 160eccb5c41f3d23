"""What is put together from the events is what was recorded at the time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from joborch.domain.amendments import Amendment
from joborch.domain.errors import JoborchError
from joborch.domain.states import JobState
from joborch.server.operations import amend, cancel, hold, query
from joborch.server.operations.history import HistoryQuery, past
from joborch.server.operations.query import JobQuery
from joborch.tui.past import Past, as_of
from joborch.wire.events import EventView
from joborch.wire.jobs import JobView
from tests.support.bench import Bench, ScriptedAgent, a_bench, a_zip
from tests.support.views import NOON, a_job_view

pytestmark = pytest.mark.timeout(120)

Shown = dict[int, JobView]
SERVICE = "example:per_user=2,lost_after=60s"


class Recorder:
    """A server that things happen to, and how its jobs were after each of them."""

    def __init__(self, bench: Bench, agent: ScriptedAgent) -> None:
        self.bench, self.agent = bench, agent
        self.recorded: dict[int, Shown] = {}

    async def happen(self, deed: str, number: int) -> None:
        self.bench.clock.advance(seconds=1)
        try:
            await DEEDS[deed](self, number)
        except JoborchError:
            return  # refused: nothing has happened
        newest, jobs = await self.newest(), await self.jobs()
        self.recorded[newest] = jobs

    async def newest(self) -> int:
        return await query.newest_event(database=self.bench.parts.database)

    async def jobs(self) -> Shown:
        page = await query.page(JobQuery(limit=1000), database=self.bench.parts.database)
        return {job.id: job for job in page.items}

    async def submit(self, number: int) -> None:
        await self.bench.submit(user="ann", is_held=number % 3 == 0, tags={"n": str(number)})

    async def take(self, number: int) -> None:
        for lease in (await self.agent.poll()).leases:
            self.bench.clock.advance(seconds=1)
            if (lease.job_id + number) % 2:
                await self.agent.start(lease)

    async def report(self, number: int) -> None:
        leases = [*self.agent.known.values()]
        lease = leases[number % len(leases)] if leases else None
        outcome = ["completed", "failed", "cancelled", "lost", "given_back", "invalid"][number % 6]
        if lease and outcome in {"completed", "failed"}:
            code = 0 if outcome == "completed" else 3
            results = a_zip(out="x")
            await self.agent.report(
                lease, outcome, results=results, exit_code=code, started_ago_s=0.5
            )
        elif lease:
            await self.agent.report(lease, outcome)

    async def hold(self, number: int) -> None:
        await hold.hold(number, **self._acting())

    async def release(self, number: int) -> None:
        await hold.release(number, **self._acting(), wake=lambda: None)

    async def change(self, number: int) -> None:
        wanted = Amendment(priority=number * 7, name=f"name-{number}", tags={"n": None, "k": "v"})
        parts = self.bench.parts
        acting = {**self._acting(), "catalog": parts.catalog, "wake": lambda: None}
        await amend.amend(1 + number % 4, wanted, **acting)

    async def cancel(self, number: int) -> None:
        parts = self.bench.parts
        await cancel.cancel(number, **self._acting(), roll=parts.roll, wake=parts.wake)

    async def go_silent(self, number: int) -> None:
        self.bench.clock.advance(seconds=90)
        await self.bench.rescue()

    async def clean(self, number: int) -> None:
        self.bench.clock.advance(days=3)
        await self.bench.clean()

    def _acting(self) -> dict[str, Any]:
        return {
            "actor": "user:ann",
            "database": self.bench.parts.database,
            "clock": self.bench.clock,
        }


DEEDS: dict[str, Callable[[Recorder, int], Awaitable[None]]] = {
    "submit": Recorder.submit,
    "take": Recorder.take,
    "report": Recorder.report,
    "hold": Recorder.hold,
    "release": Recorder.release,
    "change": Recorder.change,
    "cancel": Recorder.cancel,
    "go silent": Recorder.go_silent,
    "clean": Recorder.clean,
}
OFTEN = ["submit", "take", "take", "report", "report"]


def known(job: JobView) -> JobView:
    """Return what the events tell of a job; the rest is never shown of the past."""
    has_ended = JobState(job.state).is_terminal
    return replace(
        job,
        not_before=None,
        assigned_at=None,
        held_at=NOON if job.held_at else None,
        hold_actor=None,
        reason=job.reason if has_ended else None,
    )


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)
@given(
    story=st.lists(
        st.tuples(st.sampled_from([*DEEDS, *OFTEN]), st.integers(0, 12)), min_size=12, max_size=40
    )
)
def test_every_earlier_moment_is_as_it_was_recorded(story: list[tuple[str, int]]) -> None:
    async def played(data: Path) -> None:
        async with a_bench(data, SERVICE) as bench:
            recorder = Recorder(bench, await bench.agent(slots=3))
            for deed, number in [("submit", 1), ("submit", 2), *story]:
                await recorder.happen(deed, number)
            await all_is_as_recorded(recorder)

    with TemporaryDirectory() as directory:
        asyncio.run(played(Path(directory) / "data"))


async def all_is_as_recorded(recorder: Recorder) -> None:
    """Go back to the beginning and forward again, and compare at each moment recorded."""
    jobs, newest = await recorder.jobs(), await recorder.newest()
    then, shown = Past(jobs, newest=newest), dict(jobs)
    seen = set()
    before = None
    while True:
        page = await past(
            HistoryQuery(limit=7, before=before), database=recorder.bench.parts.database
        )
        then.add_older(page.items)
        if page.next is None:
            break
        before = int(page.next)
    for by in (-1, 1):
        while turned := then.go(by):
            apply(turned, shown)
            assert then.moment
            if then.moment.seq in recorder.recorded:
                seen.add(then.moment.seq)
                expected = recorder.recorded[then.moment.seq]
                assert {i: known(j) for i, j in shown.items()} == {
                    i: known(j) for i, j in expected.items()
                }
    assert seen == recorder.recorded.keys()


def apply(turned: dict[int, JobView | None], shown: Shown) -> None:
    for job_id, job in turned.items():
        if job is None:
            shown.pop(job_id, None)
        else:
            shown[job_id] = job


def an_event(
    seq: int, event: str, before: JobState | None, after: JobState, **but: Any
) -> EventView:
    facts: dict[str, Any] = {
        "seq": seq,
        "job_id": 42,
        "attempt": 1,
        "event": event,
        "from_state": before,
        "to_state": after,
        "actor": "t",
        "at": NOON + timedelta(seconds=seq),
    }
    return EventView(**facts | but)


QUEUED, ASSIGNED, RUNNING = JobState.QUEUED, JobState.ASSIGNED, JobState.RUNNING
LOST_ONCE = [
    an_event(3, "assign", QUEUED, ASSIGNED, detail={"agent": "compute-1"}),
    an_event(5, "requeue", ASSIGNED, QUEUED),
    an_event(8, "assign", QUEUED, ASSIGNED, attempt=2, detail={"agent": "compute-2"}),
]


def test_an_agent_that_is_not_told_of_is_not_guessed() -> None:
    now = a_job_view(42, ASSIGNED, attempt=2, agent="compute-2", started_at=None)
    then = as_of(now, LOST_ONCE[1:], 4)
    assert then is not None
    assert (then.state, then.attempt, then.agent) == ("assigned", 1, None)


def test_an_agent_that_an_earlier_event_names_is_known() -> None:
    now = a_job_view(42, ASSIGNED, attempt=2, agent="compute-2", started_at=None)
    then = as_of(now, LOST_ONCE, 4)
    assert then is not None
    assert (then.state, then.attempt, then.agent) == ("assigned", 1, "compute-1")


def test_a_job_that_was_not_there_yet_is_not_shown() -> None:
    events = [an_event(3, "submit", None, QUEUED, attempt=0)]
    assert as_of(a_job_view(42), events, 2) is None
    assert as_of(a_job_view(42), events, 3) == a_job_view(42)


def test_jobs_that_nobody_listed_are_asked_for_unless_they_came_later() -> None:
    then = Past({}, newest=4)
    then.add_older(
        [an_event(3, "start", ASSIGNED, RUNNING), an_event(5, "submit", None, QUEUED, job_id=43)]
    )
    assert then.unknown() == {42}
    then.learn([a_job_view(42, RUNNING)])
    assert then.unknown() == set()


def test_what_has_happened_since_the_pause_is_not_gone_to() -> None:
    then = Past({42: a_job_view(42, RUNNING)}, newest=4)
    then.add_older([*LOST_ONCE, an_event(9, "start", ASSIGNED, RUNNING, attempt=2)])
    assert then.moment and then.moment.seq == 3
    assert then.go(1) == {}
    assert then.room == 0


def test_a_minute_is_stepped_by_the_clock_of_the_events() -> None:
    ticks = [
        an_event(i, "reoffered", QUEUED, QUEUED, at=NOON + timedelta(seconds=20 * i))
        for i in range(1, 10)
    ]
    then = Past({42: a_job_view(42)}, newest=9)
    then.add_older(ticks)
    back = then.before(ticks[-1].at - timedelta(minutes=1))
    assert back == 3
    then.go(-back)
    assert then.after(ticks[5].at + timedelta(minutes=1)) == 3
    assert then.before(NOON) is None
